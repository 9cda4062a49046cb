# expect: safe-collect — the work directory itself without any right, and the program elsewhere
import os

with open("results.json", "w") as file:
    file.write('{"a": 1}')
os.chmod("results.json", 0)
os.chdir("/tmp")
try:
    os.chmod("/work", 0)
except OSError:
    pass

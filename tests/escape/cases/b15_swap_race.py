# expect: safe-collect — results.json is a file and a link in turn, also while it is being collected
import os
import sys
import time

with open("good", "w") as file:
    file.write("{}")
os.symlink("/etc/passwd", "bad")
for _ in range(2):
    if os.fork() == 0:
        while True:
            for target in ("good", "bad"):
                try:
                    os.link(target, "new", follow_symlinks=False)
                    os.rename("new", "results.json")
                except OSError:
                    pass

time.sleep(0.2)
sys.exit(0)

# expect: exited-0 — closes its output, works on, leaves a result and ends well
import os
import time

os.close(1)
os.close(2)
time.sleep(0.3)
with open("results.json", "w") as file:
    file.write("{}")
os._exit(0)

# expect: no-survivor — main ends at once; a grandchild keeps both pipes open and writes for ever
import os
import sys
import time

if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    while True:
        os.write(1, b".")
        os.write(2, b".")
        time.sleep(0.01)
os.wait()
print("main ends", flush=True)
sys.exit(0)

# expect: no-survivor — processes that fork and exit without end, so that none has its number for long
import os
import time

def head():
    if os.fork() == 0:
        os.setsid()
        while True:
            try:
                if os.fork():
                    os._exit(0)
            except OSError:
                time.sleep(0.01)


for _ in range(4):
    head()
time.sleep(0.3)
print("main ends", flush=True)
os._exit(0)

# expect: timeout — closes its output and sleeps: the end of the output is not the end of the program
import os
import time

for handle in (0, 1, 2):
    os.close(handle)
time.sleep(10**6)

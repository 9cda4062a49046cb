# expect: oom — sixteen processes with 96 MiB each stay below any limit for one process
import os
import time


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


children = []
for _ in range(16):
    children.append(os.fork())
    if children[-1] == 0:
        held = bytearray(os.urandom(4096)) * (96 * 256)
        time.sleep(60)
        os._exit(len(held) % 2)
time.sleep(6)
if all(os.waitpid(child, os.WNOHANG) == (0, 0) for child in children):
    leak("1.5 GiB in sixteen processes")

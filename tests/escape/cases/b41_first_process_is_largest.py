# expect: oom — many processes smaller than the sandbox's own first one, and as dear to the kernel: it may kill that one
import os
import time


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


children = 0
for children in range(120):
    try:
        child = os.fork()
    except OSError:
        break
    if child == 0:
        try:
            handle = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
            os.write(handle, b"0")
        except OSError:
            pass
        held = bytearray(os.urandom(4096)) * (6 * 256)
        time.sleep(20)
        os._exit(len(held) % 2)
time.sleep(8)
if children > 100:
    leak("720 MiB in many processes")

# expect: oom — a child is killed for want of memory and main still exits with 0
import os


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


child = os.fork()
if child == 0:
    held = []
    for _ in range(40):
        held.append(bytearray(os.urandom(4096)) * (64 * 256))
    leak("the child had 2.5 GiB")
    os._exit(0)
os.waitpid(child, 0)
os._exit(0)

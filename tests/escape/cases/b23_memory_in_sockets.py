# expect: bounded-or-oom — full socket buffers are kernel memory that no process owns
import os
import socket
import time


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


pairs = []
filled = 0
for _ in range(6):
    if os.fork() == 0:
        break
try:
    for _ in range(2000):
        pair = socket.socketpair()
        pairs.append(pair)
        for end in pair:
            end.setblocking(False)
            try:
                while True:
                    filled += end.send(b"x" * 65536)
            except BlockingIOError:
                pass
except OSError:
    pass

time.sleep(3)
(safe if filled < (256 << 20) else leak)(f"filled {filled >> 20} MiB in one process")
os._exit(0)

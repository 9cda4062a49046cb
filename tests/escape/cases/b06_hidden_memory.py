# expect: denied — memory in memfd, memfd_secret and System V segments belongs to no process and must not be had
import ctypes
import os


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


libc = ctypes.CDLL(None, use_errno=True)
shmget, memfd = {"x86_64": (29, 319), "aarch64": (194, 279)}[os.uname().machine]
made = []
if libc.syscall(memfd, b"x", 0) >= 0:
    made.append("memfd_create")
if libc.syscall(447, 0) >= 0:
    made.append("memfd_secret")
if libc.syscall(shmget, 0, 1 << 20, 0o1600) >= 0:
    made.append("shmget")
(leak if made else safe)(f"hidden memory: {made}")

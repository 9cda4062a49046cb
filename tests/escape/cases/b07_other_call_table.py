# expect: seccomp — the x32 call table of an x86_64 kernel has other numbers: using it is deadly
import ctypes
import os


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


if os.uname().machine == "x86_64":
    ctypes.CDLL(None).syscall(0x40000000 + 39)
    leak("a call through the x32 table came back")
else:
    os.kill(os.getpid(), 31)

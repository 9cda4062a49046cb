# expect: seccomp — int 0x80 on x86_64 enters the kernel with 32-bit numbers: deadly
import ctypes
import mmap
import os


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


if os.uname().machine == "x86_64":
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20 (getpid); int 0x80; ret
    start = ctypes.addressof(ctypes.c_char.from_buffer(page))
    ctypes.CFUNCTYPE(ctypes.c_int)(start)()
    leak("a call through the 32-bit table came back")
else:
    os.kill(os.getpid(), 31)

# expect: bounded-or-oom — reading one byte of every 2 MiB of an empty mapping fills page tables, not pages
import ctypes
import mmap
import os


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


size = 1 << 40
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
start = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000, -1, 0)
if start in (None, ctypes.c_void_p(-1).value):
    safe("no such mapping")
else:
    for offset in range(0, size, 2 << 20):
        ctypes.c_char.from_address(start + offset).value
    leak("2 GiB of page tables")

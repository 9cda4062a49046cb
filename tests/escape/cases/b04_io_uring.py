# expect: denied — io_uring carries out calls that no filter sees: it must not be there
import ctypes
import errno
import os


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


libc = ctypes.CDLL(None, use_errno=True)
room = ctypes.create_string_buffer(256)
result = libc.syscall(425, 8, room)
reason = errno.errorcode.get(ctypes.get_errno(), "?")
(leak if result >= 0 else safe)(f"io_uring_setup: {result} {reason}")

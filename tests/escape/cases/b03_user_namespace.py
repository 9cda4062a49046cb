# expect: denied — a new user namespace would give every capability in it: unshare, clone and clone3 must refuse
import ctypes
import os
import struct


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


libc = ctypes.CDLL(None, use_errno=True)
NEW_USER = 0x10000000
numbers = {"x86_64": (56, 272, 435), "aarch64": (220, 97, 435)}[os.uname().machine]
made = []
for flags in (NEW_USER, NEW_USER | 0x20000, 0x20000, 0x40000000, 0x02000000):
    if libc.syscall(numbers[1], flags) == 0:
        made.append(f"unshare {flags:#x}")
child = libc.syscall(numbers[0], NEW_USER | 17, 0, 0, 0, 0)
if child == 0:
    os._exit(0)
if child > 0:
    made.append("clone")
arguments = ctypes.create_string_buffer(struct.pack("8Q", NEW_USER, 0, 0, 0, 17, 0, 0, 0))
child = libc.syscall(numbers[2], arguments, 64)
if child == 0:
    os._exit(0)
if child > 0:
    made.append("clone3")
(leak if made else safe)(f"namespaces made: {made}")

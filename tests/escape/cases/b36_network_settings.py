# expect: denied — addresses and links must not be changed through netlink
import os
import socket
import struct


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


done = []
with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
    link.bind((0, 0))
    link.settimeout(2)
    # RTM_NEWLINK for a new dummy interface; RTM_NEWADDR 10.9.9.9/24 on the loopback.
    kind = struct.pack("HH", 20, 18) + struct.pack("HH", 10, 1) + b"dummy\0\0\0\0\0\0\0"
    body = struct.pack("BxHiII", 0, 0, 0, 1, 1) + kind
    address = struct.pack("BBBBI", 2, 24, 0, 0, 1) + struct.pack("HH4s", 8, 2, bytes([10, 9, 9, 9]))
    for name, number, payload in (("link", 16, body), ("address", 20, address)):
        flags = 1 | 4 | 0x400 | 0x200
        link.send(struct.pack("IHHII", 16 + len(payload), number, flags, 1, 0) + payload)
        answer = link.recv(4096)
        if struct.unpack_from("i", answer, 16)[0] == 0:
            done.append(name)
(leak if done else safe)(f"changed: {done}")

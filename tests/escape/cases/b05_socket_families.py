# expect: denied — families that reach the host past its network namespace: vsock, packet, crypto, bluetooth, raw netlink
import os
import socket


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


families = {"VSOCK": 40, "PACKET": 17, "ALG": 38, "BLUETOOTH": 31, "KEY": 15, "CAN": 29, "TIPC": 30,
            "RDS": 21, "XDP": 44, "KCM": 41, "QIPCRTR": 42}
made = []
for name, number in families.items():
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        try:
            socket.socket(number, kind).close()
            made.append(name)
        except OSError:
            pass
for protocol in (2, 4, 6, 9, 12, 15, 16):
    try:
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol).close()
        made.append(f"NETLINK {protocol}")
    except OSError:
        pass
(leak if made else safe)(f"sockets made: {made}")

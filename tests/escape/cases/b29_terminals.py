# expect: denied — no terminal of the host may be opened, and /dev/pts shows only own ones
import os


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


opened = []
for path in ("/dev/tty", "/dev/console", "/dev/tty0", "/dev/tty1", "/dev/ttyS0", "/dev/pts/0", "/dev/pts/1"):
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOCTTY)
        if os.isatty(handle):
            opened.append(path)
        os.close(handle)
    except OSError:
        pass
(leak if opened else safe)(f"terminals: {opened}")

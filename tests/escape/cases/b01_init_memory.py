# expect: denied — the first process of the sandbox runs with other rights: its memory must not be writable
import os


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


held = []
for process in {1, os.getppid()}:
    for name, mode in (("mem", os.O_RDWR), ("mem", os.O_WRONLY), ("clear_refs", os.O_WRONLY)):
        try:
            os.close(os.open(f"/proc/{process}/{name}", mode))
            held.append(f"{process}/{name}")
        except OSError:
            pass
(leak if held else safe)(f"opened for writing: {held}")

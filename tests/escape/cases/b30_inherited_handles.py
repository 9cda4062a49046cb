# expect: denied — only standard input, output and error may be open when the program starts
import os


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


extra = []
for name in os.listdir("/proc/self/fd"):
    try:
        target = os.readlink(f"/proc/self/fd/{name}")
    except OSError:
        continue
    if int(name) > 2 and not target.startswith("/proc/") and not target.endswith(".py"):
        extra.append(f"{name} -> {target}")
    if target.startswith("socket:"):
        extra.append(f"{name} -> {target}")
(leak if extra else safe)(f"inherited: {extra}")

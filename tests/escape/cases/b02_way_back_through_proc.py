# expect: denied — /proc/PID/root and cwd of other processes must not lead out of the sandbox
import os


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


own = set(os.listdir("/"))
out = []
for process in filter(str.isdigit, os.listdir("/proc")):
    for link in ("root", "cwd/..", "cwd/../..", "root/.."):
        try:
            found = set(os.listdir(f"/proc/{process}/{link}"))
        except OSError:
            continue
        if found != own:
            out.append(f"{process}/{link}: {sorted(found)[:5]}")
(leak if out else safe)(f"other roots: {out}")

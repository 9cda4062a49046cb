# expect: denied — /proc/net must not list the sockets of the host
import os


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


seen = []
for name in ("unix", "tcp", "tcp6", "udp"):
    try:
        with open(f"/proc/net/{name}") as file:
            rows = file.read().splitlines()[1:]
    except OSError:
        continue
    if any("ohgw_canary" in row or "docker.sock" in row or "containerd" in row for row in rows):
        seen.append(name)
    if name != "unix" and rows:
        seen.append(f"{name}: {len(rows)} rows")
(leak if seen else safe)(f"host sockets in {seen}")

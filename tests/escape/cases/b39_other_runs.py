# expect: denied — a run must not see files that another run of the same moment left in shared places
import glob
import os
import time


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


mine = f"left-by-{os.getpid()}-{os.urandom(4).hex()}"
for place in ("/tmp", "/dev/shm", "/work"):
    with open(f"{place}/{mine}", "w") as file:
        file.write("x")
time.sleep(0.5)
seen = [path for place in ("/tmp", "/dev/shm", "/work", "/var/tmp", "/dev/mqueue")
        for path in glob.glob(f"{place}/left-by-*") if not path.endswith(mine)]
(leak if seen else safe)(f"left by others: {seen}")

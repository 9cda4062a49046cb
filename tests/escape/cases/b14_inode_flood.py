# expect: disk — a hundred thousand empty files take no bytes but every inode
import os
import sys


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


made = 0
try:
    for made in range(100_000):
        os.close(os.open(f"f{made}", os.O_CREAT | os.O_WRONLY))
    leak(f"made {made} files")
except OSError as error:
    print(f"stopped at {made}: {error.strerror}", flush=True)
    sys.exit(1)

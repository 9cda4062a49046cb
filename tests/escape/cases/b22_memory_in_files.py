# expect: bounded — /work, /tmp and /dev/shm together must stay within the memory limit or their own
import os


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


taken = 0
for place in ("/work", "/tmp", "/dev/shm"):
    try:
        with open(f"{place}/fill", "wb", 0) as file:
            for _ in range(2048):
                file.write(b"\1" * (1 << 20))
                taken += 1
    except OSError:
        pass
(safe if taken <= 700 else leak)(f"took {taken} MiB")

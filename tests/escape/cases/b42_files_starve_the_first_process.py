# expect: oom — tiny processes fill files in memory, so that the sandbox's own first process is the largest to be killed
import os

script = """
for number in 1 2 3; do
  for place in /tmp /dev/shm /work; do head -c 80000000 /dev/zero > $place/fill$number; done
done
sleep 20
"""
try:
    handle = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(handle, b"0")
except OSError:
    pass
os.execv("/bin/sh", ["sh", "-c", script])

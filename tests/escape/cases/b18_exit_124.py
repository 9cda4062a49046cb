# expect: exited-124 — the exit code of timeout(1) must not pass for a time-out
import os

os._exit(124)

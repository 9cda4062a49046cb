# expect: signal-9 — the exit code of an out-of-memory kill is a signal, not a memory limit
import os

os._exit(137)

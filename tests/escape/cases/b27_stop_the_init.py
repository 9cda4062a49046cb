# expect: contained — stop and kill signals to the first process and to everybody
import os
import signal

for number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
    for target in (1, os.getppid(), -1):
        try:
            os.kill(target, number)
        except OSError:
            pass
print("still here", flush=True)

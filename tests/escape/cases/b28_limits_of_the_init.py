# expect: contained — prlimit on the first process (no CPU, no files) must not take the run from its supervisor
import os
import resource

for kind, value in ((resource.RLIMIT_CPU, 0), (resource.RLIMIT_NOFILE, 0), (resource.RLIMIT_AS, 0)):
    for process in (1, os.getppid()):
        try:
            resource.prlimit(process, kind, (value, value))
        except (OSError, ValueError):
            pass
print("still here", flush=True)

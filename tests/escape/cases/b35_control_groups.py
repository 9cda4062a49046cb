# expect: denied — no control group may be made, joined or changed from inside
import glob
import os


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


done = []
for directory in ["/sys/fs/cgroup", *glob.glob("/sys/fs/cgroup/*/")]:
    try:
        os.mkdir(os.path.join(directory, "ohgw-escape"))
        done.append(f"made in {directory}")
    except OSError:
        pass
for path in glob.glob("/sys/fs/cgroup/**/*procs", recursive=True)[:50]:
    try:
        os.close(os.open(path, os.O_WRONLY))
        done.append(path)
    except OSError:
        pass
(leak if done else safe)(f"control groups: {done}")

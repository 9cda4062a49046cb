# expect: denied — a set-user-ID copy of a program, made inside, must not change who runs it
import os
import shutil
import subprocess
import sys


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


shutil.copy("/usr/bin/env", "mine")
os.chmod("mine", 0o6755)
say = [sys.executable, "-I", "-S", "-c", "import os; print(*os.getresuid(), *os.getresgid())"]
plain = subprocess.run(say, capture_output=True, text=True).stdout
through = subprocess.run(["./mine", *say], capture_output=True, text=True).stdout
(safe if plain == through and "0" not in through.split() else leak)(f"{plain!r} {through!r}")

# expect: denied — of the host only /usr and the interpreter may be there: no data, no other homes
import os
import sys


def leak(message):
    os.write(1, f"LEAK: {message}\n".encode())


def safe(message):
    os.write(1, f"SAFE: {message}\n".encode())


allowed = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "dev", "proc", "sys", "tmp",
           "work", ".dockerenv"}
prefixes = {path.split("/")[1] for path in (sys.prefix, sys.base_prefix)}
found = {name for name in os.listdir("/") if not name.startswith(".ohgw-")} - allowed - prefixes
strangers = []
for name in prefixes - {"usr"}:
    for path, directories, _ in os.walk(f"/{name}"):
        inside = [p for p in (sys.prefix, sys.base_prefix)
                  if path.startswith(p) or p.startswith(path.rstrip("/") + "/")]
        if not inside and name not in ("tmp", "work"):
            strangers.append(path)
        if any(path.startswith(p) for p in inside):
            directories.clear()
etc = set(os.listdir("/etc")) - {"passwd", "group", "hosts", "ld.so.cache", "alternatives",
                                 "hostname", "resolv.conf", "mtab"}
(leak if found or strangers or etc else safe)(f"{sorted(found)} {strangers[:3]} {sorted(etc)}")

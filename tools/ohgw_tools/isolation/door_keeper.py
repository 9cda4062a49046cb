"""Runs inside a sandbox, as text: passes connections from its loopback to a mounted unix socket,
and becomes the program. Never imported by the project; uses the standard library alone.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading


def main() -> None:
    """Arguments: the unix socket, the port, and the program's command line."""
    path, port, *program = sys.argv[1:]
    listener = socket.create_server(("127.0.0.1", int(port)), backlog=64)
    if os.fork() == 0:
        # Twice, so that the program never finds a child that it did not make.
        if os.fork() == 0:
            _keep(listener, path)
        os._exit(0)
    os.wait()
    listener.close()
    try:
        os.execvp(program[0], program)
    except OSError as error:
        os.write(2, f"{program[0]}: {error.strerror}\n".encode())
        os._exit(127)


def _keep(listener: socket.socket, path: str) -> None:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    while True:
        client, _ = listener.accept()
        host = socket.socket(socket.AF_UNIX)
        try:
            host.connect(path)
        except OSError:
            client.close()
            continue
        for source, target in ((client, host), (host, client)):
            threading.Thread(target=_pass, args=(source, target), daemon=True).start()


def _pass(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    for side in (source, target):
        with contextlib.suppress(OSError):
            side.shutdown(socket.SHUT_RDWR)

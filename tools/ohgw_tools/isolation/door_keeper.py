"""Runs inside a sandbox, as text: passes connections from its loopback to a mounted unix socket,
and becomes the program. Never imported by the project; uses the standard library alone.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
import time


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
        try:
            _let_through(listener.accept()[0], path)
        except OSError:
            time.sleep(0.05)  # no descriptor is left for now, or the program is gone again


def _let_through(client: socket.socket, path: str) -> None:
    host = socket.socket(socket.AF_UNIX)
    try:
        host.connect(path)
        for source, target in ((client, host), (host, client)):
            threading.Thread(target=_pass, args=(source, target), daemon=True).start()
    except (OSError, RuntimeError):  # no proxy, or no more threads
        _cut(client, host)


def _pass(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
        # The end of one direction is not the end of the other: an answer may still come.
        target.shutdown(socket.SHUT_WR)
    except OSError:
        _cut(source, target)


def _cut(*sides: socket.socket) -> None:
    for side in sides:
        with contextlib.suppress(OSError):
            side.shutdown(socket.SHUT_RDWR)

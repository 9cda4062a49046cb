"""ConnectProxy: the one way out of a sandbox, to the hosts that were permitted, and a log of all
that were tried. It knows one method, CONNECT (RFC 9110 section 9.3.6).
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pydantic import JsonValue

from ohgw_tools.isolation.permitted_host import PermittedHost, permitted
from ohgw_tools.isolation.relay import relay

_MAX_HEAD_BYTES = 8192
_MAX_CONNECTIONS = 64
_MAX_LOGGED = 200
_HEAD_SECONDS = 10.0
_CONNECT_SECONDS = 20.0
_IDLE_SECONDS = 120.0
_PAUSE_SECONDS = 0.1
_REQUEST = re.compile(rb"CONNECT ([A-Za-z0-9.-]{1,253}):(\d{1,5}) HTTP/1\.[01]\r\n")


class ConnectProxy:
    """Serves one run, from threads of its own, until it is closed. `path` is its socket."""

    def __init__(self, hosts: tuple[str, ...], path: Path) -> None:
        """Raises InputError for a host that cannot be read."""
        self._hosts = tuple(map(permitted, hosts))
        self.path = path
        self._tried: Counter[tuple[str, int, str]] = Counter()
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(_MAX_CONNECTIONS)
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        path.chmod(0o666)
        self._listener.listen(_MAX_CONNECTIONS)
        self._listener.settimeout(0.1)
        self._start(self._accept)

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        thread.start()
        self._threads = [each for each in self._threads if each.is_alive()] + [thread]

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                # No descriptor is left, or the client is gone again: neither ends the proxy.
                self._closing.wait(_PAUSE_SECONDS)
                continue
            self._take(client)

    def _take(self, client: socket.socket) -> None:
        if not self._places.acquire(blocking=False):
            self._note("?", 0, "refused: too many connections at once")
            client.close()
            return
        try:
            self._start(self._serve, client)
        except RuntimeError:  # no more threads
            self._places.release()
            client.close()

    def close(self) -> None:
        """End every connection and wait for the threads."""
        self._closing.set()
        for thread in list(self._threads):
            thread.join()
        self._listener.close()

    @property
    def log(self) -> list[JsonValue]:
        """What was tried: host, port, what became of it, and how often."""
        with self._lock:
            rows = sorted(self._tried.items())
        return [{"host": h, "port": p, "result": r, "count": n} for (h, p, r), n in rows]

    def _note(self, host: str, port: int, result: str) -> None:
        key = (host, port, result)
        with self._lock:
            if key not in self._tried and len(self._tried) >= _MAX_LOGGED:
                key = ("...", 0, "more than can be listed")
            self._tried[key] += 1

    def _serve(self, client: socket.socket) -> None:
        with contextlib.closing(client):
            try:
                client.settimeout(_HEAD_SECONDS)
                target = self._read_target(client)
                if target is not None:
                    self._connect(client, *target)
            except OSError:
                return  # the program went away, or stalled: its own affair
            finally:
                self._places.release()

    def _read_target(self, client: socket.socket) -> tuple[str, int, bytes] | None:
        """Host, port, and what was sent behind the request already."""
        head = b""
        while b"\r\n\r\n" not in head:
            data = client.recv(4096)
            if not data or len(head) > _MAX_HEAD_BYTES:
                return None
            head += data
        match = _REQUEST.match(head)
        if match is None:
            self._note("?", 0, "refused: not a CONNECT request")
            _answer(client, "405 Method Not Allowed", "only CONNECT is served here (use https)")
            return None
        early = head.partition(b"\r\n\r\n")[2]
        return match[1].decode().lower().rstrip("."), int(match[2]), early

    def _connect(self, client: socket.socket, host: str, port: int, early: bytes) -> None:
        rule = next((rule for rule in self._hosts if rule.covers(host, port)), None)
        if rule is None:
            self._note(host, port, "refused: not permitted")
            _answer(client, "403 Forbidden", f"{host}:{port} is not a permitted host")
            return
        try:
            server = _open(rule, host, port)
        except OSError as error:
            self._note(host, port, f"failed: {error.strerror or error}")
            _answer(client, "502 Bad Gateway", f"{host}:{port} cannot be reached")
            return
        with contextlib.closing(server):
            self._note(host, port, "allowed")
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            relay(
                client,
                server,
                early=early,
                idle_seconds=_IDLE_SECONDS,
                closing=self._closing.is_set,
            )


def _open(rule: PermittedHost, host: str, port: int) -> socket.socket:
    """Connect to the first address that answers. Raises OSError if none may or does."""
    problem = OSError("the name has no address that may be reached")
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        if not rule.local and not ipaddress.ip_address(address[0]).is_global:
            continue
        server = socket.socket(family, kind, protocol)
        try:
            server.settimeout(_CONNECT_SECONDS)
            server.connect(address)
        except OSError as error:
            server.close()
            problem = error
            continue
        return server
    raise problem


def _answer(client: socket.socket, status: str, text: str) -> None:
    body = text.encode() + b"\n"
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    client.sendall(head.encode() + body)


@contextlib.contextmanager
def serving(hosts: tuple[str, ...]) -> Iterator[ConnectProxy]:
    """Serve for the length of the block, on a socket that only a sandbox can be given.

    Others on this machine cannot reach it: it lies in a directory of this user alone. The sandbox's
    throw-away user can, through the mount.
    """
    with tempfile.TemporaryDirectory(prefix="ohgw-run-") as directory:
        proxy = ConnectProxy(hosts, Path(directory, "door"))
        try:
            yield proxy
        finally:
            proxy.close()

"""Relay: passes bytes between two connected sockets until both directions have ended."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Callable, Iterable

_TICK_SECONDS = 0.1
_MOST_BYTES = 1 << 16


class _Flow:
    """One direction. Nothing more is read while something waits to be written: who reads slowly
    slows down who writes.
    """

    def __init__(self, source: socket.socket, target: socket.socket, waiting: bytes = b"") -> None:
        self._source = source
        self._target = target
        self._waiting = waiting
        self._ended = False

    @property
    def done(self) -> bool:
        """Whether the source has ended and all that it said was passed on."""
        return self._ended and not self._waiting

    def awaited(self) -> tuple[int, int]:
        """The descriptor that holds this direction up, and the event that it waits for."""
        if self._waiting:
            return self._target.fileno(), select.POLLOUT
        return self._source.fileno(), select.POLLIN

    def step(self) -> None:
        """Read or write once. Raises OSError where the other end is gone."""
        with contextlib.suppress(BlockingIOError):
            if self._waiting:
                self._waiting = self._waiting[self._target.send(self._waiting) :]
            else:
                self._waiting = self._source.recv(_MOST_BYTES)
                self._ended = not self._waiting
        if self.done:
            # The end of one direction is not the end of the other: an answer may still come.
            self._target.shutdown(socket.SHUT_WR)


def relay(
    client: socket.socket,
    server: socket.socket,
    *,
    early: bytes = b"",
    idle_seconds: float,
    closing: Callable[[], bool],
) -> None:
    """Pass bytes both ways until both sides have ended, the client is gone altogether, nothing
    moved for `idle_seconds`, or `closing` says so.

    `early` is what the client has said to the server so far. Raises OSError where a side is lost.
    """
    client.setblocking(False)
    server.setblocking(False)
    flows = (_Flow(client, server, early), _Flow(server, client))
    moved = time.monotonic()
    while not closing() and time.monotonic() - moved < idle_seconds:
        active = [flow for flow in flows if not flow.done]
        if not active:
            return
        events = _events(active, client if flows[0].done else None)
        if flows[0].done and events.get(client.fileno(), 0) & select.POLLHUP:
            return
        for flow in active:
            handle, wanted = flow.awaited()
            if events.get(handle, 0) & (wanted | select.POLLHUP | select.POLLERR):
                flow.step()
                moved = time.monotonic()


def _events(flows: Iterable[_Flow], gone: socket.socket | None) -> dict[int, int]:
    """Wait a little; return what happened, by descriptor. Works for those above 1023 too.

    The hang-up of `gone` is told although nothing is awaited from it.
    """
    wanted = {} if gone is None else {gone.fileno(): 0}
    for flow in flows:
        handle, event = flow.awaited()
        wanted[handle] = wanted.get(handle, 0) | event
    poll = select.poll()
    for handle, mask in wanted.items():
        poll.register(handle, mask)
    return dict(poll.poll(_TICK_SECONDS * 1000))

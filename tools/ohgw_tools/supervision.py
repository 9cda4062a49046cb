"""Watching a running program: its output, the clock, its use of memory, and the caller's wish."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Literal

from ohgw_tools.capture import Capture
from ohgw_tools.sandbox import Limits

# A program that writes this many times what is kept is stopped.
FLOOD_FACTOR = 64
_TICK_SECONDS = 0.02
_READ_BYTES = 1 << 16

Stop = Literal["ended", "timeout", "memory", "disk", "output", "cancelled", "lost"]


@dataclass
class Streams:
    """The two captured streams of one program."""

    stdout: Capture
    stderr: Capture

    @property
    def total(self) -> int:
        """Bytes written to both."""
        return self.stdout.total + self.stderr.total


@dataclass
class Supervisor:
    """Reads two pipes until the main process ends, not until they close: a daemon may hold them.

    `ended` is a pidfd of the main process; `look` is called about 50 times a second, less often if
    it is slow, and says why to stop, if it does.
    """

    limits: Limits
    streams: Streams
    ended: int
    look: Callable[[], Stop | None]
    cancel: Event | None = None
    _open: dict[int, Capture] = field(default_factory=dict)
    _poll: select.poll = field(default_factory=select.poll)

    def watch(self, stdout: int, stderr: int) -> Stop:
        """Block until the program has ended or has to be stopped."""
        self._open = {stdout: self.streams.stdout, stderr: self.streams.stderr}
        for handle in self._open:
            os.set_blocking(handle, False)
            self._poll.register(handle, select.POLLIN)
        self._poll.register(self.ended, select.POLLIN)
        deadline = time.monotonic() + self.limits.wall_seconds
        next_look = 0.0
        while True:
            now = time.monotonic()
            if self.cancel is not None and self.cancel.is_set():
                return "cancelled"
            if now >= deadline:
                return "timeout"
            if now >= next_look:
                reason = self.look()
                if reason is not None:
                    return reason
                # Never more than a quarter of a core for looking.
                cost = time.monotonic() - now
                next_look = now + max(_TICK_SECONDS, 4 * cost)
            wait = max(0.0, min(deadline, next_look) - time.monotonic())
            ready = [handle for handle, _ in self._poll.poll(wait * 1000)]
            self._read(ready)
            if self.streams.total > FLOOD_FACTOR * self.limits.output_bytes:
                return "output"
            if self.ended in ready:
                return "ended"

    def drain(self) -> None:
        """Read what is left in the pipes. Call it when every process that could write is dead."""
        self._poll.unregister(self.ended)
        while self._open and (ready := self._poll.poll(0)):
            self._read([handle for handle, _ in ready])

    def _read(self, ready: list[int]) -> None:
        for handle in ready:
            if handle not in self._open:
                continue
            try:
                data = os.read(handle, _READ_BYTES)
            except BlockingIOError:
                continue
            if data:
                self._open[handle].feed(data)
            else:
                del self._open[handle]
                self._poll.unregister(handle)

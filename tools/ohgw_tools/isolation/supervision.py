"""Watching a running program: its output, the clock, its use of memory, and the caller's wish."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Literal

from ohgw_tools.isolation.capture import Capture
from ohgw_tools.sandbox import Limits

# A program that writes this many times what is kept is stopped.
FLOOD_FACTOR = 64
TICK_SECONDS = 0.02
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


def streams(limits: Limits) -> Streams:
    """Return two empty captures within the limit of output."""
    return Streams(Capture(limits.output_bytes), Capture(limits.output_bytes))


class Supervisor:
    """Reads descriptors until the program ends or has to be stopped.

    `sources` maps each descriptor to what takes its bytes; an empty read says that it is closed.
    `ended` answers whether the main process is gone: it is asked after every read and after every
    wake-up through `wake`, a descriptor that becomes readable then. The end of the streams is not
    the end of the program, and the other way round: a daemon may hold them.
    `look` says why to stop; it is called every `tick` seconds, less often if it is slow.
    """

    def __init__(
        self,
        limits: Limits,
        captured: Streams,
        sources: Mapping[int, Callable[[bytes], None]],
        *,
        ended: Callable[[], bool],
        wake: int | None = None,
        look: Callable[[], Stop | None] = lambda: None,
        tick: Callable[[], float] = lambda: TICK_SECONDS,
        cancel: Event | None = None,
    ) -> None:
        self._limits = limits
        self._captured = captured
        self._sources = dict(sources)
        self._ended = ended
        self._wake = wake
        self._look = look
        self._tick = tick
        self._cancel = cancel
        self._poll = select.poll()
        for handle in self._sources:
            os.set_blocking(handle, False)
            self._poll.register(handle, select.POLLIN)
        if wake is not None:
            self._poll.register(wake, select.POLLIN)

    def watch(self) -> Stop:
        """Block until the program has ended or has to be stopped."""
        deadline = time.monotonic() + self._limits.wall_seconds
        next_look = 0.0
        while True:
            now = time.monotonic()
            if self._is_cancelled():
                return "cancelled"
            if now >= deadline:
                return "timeout"
            if now >= next_look:
                reason = self._look()
                if reason is not None:
                    return reason
                # Never more than a quarter of a core for looking.
                cost = time.monotonic() - now
                next_look = now + max(self._tick(), 4 * cost)
            wait = max(0.0, min(deadline, next_look) - time.monotonic())
            self._read(wait)
            if self._captured.total > FLOOD_FACTOR * self._limits.output_bytes:
                return "output"
            if self._ended():
                # What was asked to stop did not end by itself, whatever it looks like.
                return "cancelled" if self._is_cancelled() else "ended"

    def _is_cancelled(self) -> bool:
        return self._cancel is not None and self._cancel.is_set()

    def drain(self, done: Callable[[], bool] | None = None, seconds: float = 0) -> bool:
        """Read what is left: until `done`, or else until nothing is there at the moment.

        Returns whether that came about within `seconds`. Call it when every process that could
        write without end is dead.
        """
        if self._wake is not None:
            self._poll.unregister(self._wake)
            self._wake = None
        deadline = time.monotonic() + seconds
        while self._sources and not (done is not None and done()):
            left = deadline - time.monotonic()
            if not self._read(max(left, 0.0)) and (done is None or left <= 0):
                break
        return done is None or done()

    def _read(self, wait: float) -> bool:
        """Read each descriptor that has something once; return whether any had."""
        ready = [handle for handle, _ in self._poll.poll(wait * 1000) if handle in self._sources]
        for handle in ready:
            try:
                data = os.read(handle, _READ_BYTES)
            except BlockingIOError:
                continue
            except ConnectionResetError:
                data = b""
            take = self._sources[handle]
            if not data:
                del self._sources[handle]
                self._poll.unregister(handle)
            take(data)
        return bool(ready)

"""Workforce: the role of whoever has workers: this machine, or an engine over many of them."""

from __future__ import annotations

from typing import Any, Protocol

Words = tuple[Any, ...]


class Workforce(Protocol):
    """Workers by number. A worker says `Words`, and is told some.

    Of its own a workforce says two things of a worker: `("ended", why)`, it has died or was
    stopped, and `("lost", why)`, the machine below it is gone, which is not its bundle's fault.
    """

    def room(self) -> int:
        """How many more workers could be started now."""
        ...

    def start(self, number: int) -> str:
        """Start a worker of this number and return its site: workers of one site share a machine's
        cores and sandboxes. Call it only where there is room.
        """
        ...

    def tell(self, number: int, words: Words) -> None:
        """Say something to a worker. To one that has died it is said in vain."""
        ...

    def stop(self, number: int) -> None:
        """End a worker at once. It says nothing more, but that it has ended."""
        ...

    def listen(self, seconds: float) -> list[tuple[int, Words]]:
        """Return what workers have said, waiting so long for a first word. Raises EngineFailed."""
        ...

    def close(self) -> None:
        """End all workers and wait for them."""
        ...

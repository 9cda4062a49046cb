"""Ledger: the running account of one run, over all its sessions."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from ohgw_agent.budget import Spend


class Ledger:
    """Adds up what a run spends. A resumed run goes through its record again and so is charged for
    what it did before; the clock is the record's own.
    """

    def __init__(self, elapsed_ms: Callable[[], int]) -> None:
        self._elapsed_ms = elapsed_ms
        self._spend = Spend()
        self._charged: set[str] = set()
        self._lock = Lock()

    @property
    def spend(self) -> Spend:
        """What has been spent until now."""
        with self._lock:
            return self._spend.model_copy(update={"elapsed_ms": self._elapsed_ms()})

    def charge(self, what: str, **amounts: int) -> None:
        """Add `amounts` (fields of Spend), once for each name `what`."""
        with self._lock:
            if what not in self._charged:
                self._charged.add(what)
                self._spend = self._spend.plus(**amounts)

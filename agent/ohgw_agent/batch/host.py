"""Host: workers on another machine, behind two calls: what is to be done, and what was said."""

from __future__ import annotations

import os
import sys

from ohgw_agent.batch.item import BatchPlan
from ohgw_agent.batch.processes import Processes
from ohgw_agent.batch.workforce import Words
from ohgw_tools import ruleset

Order = tuple[str, int, Words]
MARK = ".batch-mark"  # stands in the folder of records while a cluster works for it


class Host:
    """Starts workers and carries words. One thread gives orders, another one listens."""

    def __init__(self, plan: BatchPlan) -> None:
        # A forked worker would import the main module of its parent: the cluster's, not ours.
        main = sys.modules["__main__"]
        if hasattr(main, "__file__"):
            del main.__file__
        self._plan = plan
        self._processes = Processes(plan, plan.places)

    def ready(self, mark: str, rules: str) -> str:
        """Say what is wrong with this machine, empty for nothing: whether it has other rules than
        those of digest `rules`, or does not see `mark` in the folder of records.
        """
        machine = os.uname().nodename
        if ruleset.digest() != rules:
            return f"{machine} has other rules: install the same ohgw-agent on every node"
        try:
            seen = not mark or (self._plan.runs_dir / MARK).read_text(encoding="ascii") == mark
        except OSError:
            seen = False
        if not seen:
            return (
                f"{machine} does not share {self._plan.runs_dir}: give a --runs-dir that all"
                " nodes reach, or --store URL"
            )
        return ""

    def order(self, orders: list[Order]) -> None:
        """Carry out orders: start, tell or stop a worker."""
        for verb, number, words in orders:
            if verb == "start":
                self._processes.start(number)
            elif verb == "stop":
                self._processes.stop(number)
            else:
                self._processes.tell(number, words)

    def listen(self, seconds: float) -> list[tuple[int, Words]]:
        """Return what workers have said, waiting so long for a first word."""
        return self._processes.listen(seconds)

    def close(self) -> None:
        """End all workers."""
        self._processes.close()

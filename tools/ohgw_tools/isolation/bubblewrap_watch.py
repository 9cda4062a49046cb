"""Look: what the supervisor asks, fifty times a second, of a program in bubblewrap."""

from __future__ import annotations

import time

from pydantic import JsonValue

from ohgw_tools.isolation.cgroup import ControlGroup
from ohgw_tools.isolation.execution_outcome import Ending
from ohgw_tools.isolation.namespace_watch import NamespaceWatch
from ohgw_tools.isolation.supervision import TICK_SECONDS, Stop
from ohgw_tools.sandbox import Limits

_YOUNG_SECONDS = 2.0
_CLOSE_TICK = 0.004


class Look:
    """Callable that says why to stop the program, if there is a reason; remembers the peaks.

    With a control group the kernel keeps memory and processes; without one this does.
    """

    def __init__(self, watch: NamespaceWatch, group: ControlGroup | None, limits: Limits) -> None:
        self._watch = watch
        self._group = group
        self._limits = limits
        self._peak = 0
        self._cpu_ms = 0
        self._most_tasks = 0
        self._was_full = False
        self._stopped_for = ""
        self._started = time.monotonic()
        self._tasks = 0

    def __call__(self) -> Stop | None:
        """Look once."""
        usage = self._watch.sample(processes=self._group is None)
        self._was_full = self._was_full or usage.full
        self._tasks = usage.tasks
        self._most_tasks = max(self._most_tasks, usage.tasks)
        self._cpu_ms = max(self._cpu_ms, usage.cpu_ms, self._group_cpu_ms())
        if usage.inodes > self._limits.work_inodes:
            self._was_full = True
            self._stopped_for = "inodes"
            return "disk"
        cpu_limit = self._limits.cpu_seconds
        if cpu_limit is not None and self._cpu_ms > cpu_limit * 1000:
            self._stopped_for = "cpu"
            return "timeout"
        if self._group is not None:
            # One process killed for want of memory ends them all: the rest cannot be trusted.
            return "memory" if self._group.oom_kills else None
        return self._memory(usage.memory_bytes)

    def tick(self) -> float:
        """Seconds until the next look. Without a control group nobody counts refused processes: so
        close to the limit, and while a program starts, it is looked at more often.
        """
        young = time.monotonic() - self._started < _YOUNG_SECONDS
        near = 2 * self._tasks > self._limits.processes
        return _CLOSE_TICK if self._group is None and (young or near) else TICK_SECONDS

    def _memory(self, seen: int) -> Stop | None:
        limit = self._limits.memory_bytes
        if seen > limit:
            seen = self._watch.exact_memory()
        self._peak = max(self._peak, seen)
        return "memory" if seen > limit else None

    def last(self) -> None:
        """Look once more when the main process has ended, before the others are killed."""
        usage = self._watch.sample()
        self._was_full = self._was_full or usage.full
        self._cpu_ms = max(self._cpu_ms, usage.cpu_ms)
        self._most_tasks = max(self._most_tasks, usage.tasks)

    def ending(self, stop: Stop, exit_code: int | None) -> Ending:
        """Return all that was seen of the program's end."""
        if self._group is not None:
            self._cpu_ms = max(self._cpu_ms, self._group_cpu_ms())
            self._peak = self._group.peak_bytes or 0
            oom, forks = self._group.oom_kills, self._group.refused_forks
        else:
            # One fewer than the limit: the main process may be gone when the last look is taken.
            oom, forks = 0, int(self._most_tasks >= max(2, self._limits.processes - 1))
        return Ending(stop, exit_code, oom, forks, self._was_full)

    def _group_cpu_ms(self) -> int:
        return (self._group.cpu_ms or 0) if self._group is not None else 0

    @property
    def cpu_ms(self) -> int:
        """CPU time of the whole tree."""
        return self._cpu_ms

    @property
    def peak_bytes(self) -> int | None:
        """The most memory seen: exact with a control group, else sampled, None if never."""
        return self._peak or None

    def isolation(self, binary: str, user: int | None) -> dict[str, JsonValue]:
        """How the walls were made, for the record."""
        group = f"control group v{self._group.version}" if self._group is not None else "watchdog"
        return {
            "backend": binary,
            "user": "throw-away" if user is not None else "namespace",
            "memory": group,
            "processes": group if self._group is not None else "RLIMIT_NPROC",
            "seccomp": True,
            **({"stopped_for": self._stopped_for} if self._stopped_for else {}),
        }

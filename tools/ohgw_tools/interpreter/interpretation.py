"""Interpretation: what abstract execution of a bundle's programs found out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Keys = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """One call on the way to an exception: the file and line of the call, the function called."""

    path: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class Launch:
    """One Python process of the bundle: the contract's program it belongs to, its file and argv.

    `program` is smoke or full; `run` the keys of the run in the configuration file, None for
    processes that are not for one run; `run_id` its id.
    """

    program: str
    path: str
    arguments: tuple[str, ...] = ()
    config: str | None = None
    run: Keys | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class CertainException:
    """An exception that every modelled path of `launch` reaches.

    `first` unless an earlier certain exception of the same process hides it. `thread` if it ends
    a thread, not the process. `detail` is small JSON: the configured value and key it is about.
    """

    exception: str
    message: str
    path: str
    line: int
    trace: tuple[Frame, ...]
    launch: Launch
    explicit: bool = False
    first: bool = True
    thread: bool = False
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def via(self) -> str:
        """The calls that lead there, as `train.py:424 > :316 > preprocess.py:84`."""
        places, last = [], ""
        for frame in self.trace:
            name = frame.path.rsplit("/", 1)[-1]
            places.append(f":{frame.line}" if name == last else f"{name}:{frame.line}")
            last = name
        return " > ".join(places)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison of a configured string with constants: their text, whether one matched."""

    constants: tuple[str, ...]
    matched: bool
    path: str
    line: int


@dataclass(slots=True)
class ConfigUse:
    """What the code did with one configuration file, by keys from its root."""

    reads: set[Keys] = field(default_factory=set)
    escapes: set[Keys] = field(default_factory=set)
    comparisons: dict[Keys, list[Comparison]] = field(default_factory=dict)

    def is_used(self, keys: Keys, start: int = 0) -> bool:
        """Whether a value was read, or something at least `start` keys deep around it escaped."""
        if keys in self.reads:
            return True
        return any(keys[:depth] in self.escapes for depth in range(start, len(keys) + 1))


@dataclass(slots=True)
class Interpretation:
    """All that was found out. `complete` names the programs that were followed to their end:
    what they did not read is unread. `written` and `read` are paths; `results` is the folder that
    stands for the contract's `{results}`; `blind_writes` if a file was written at an unknown path.
    """

    exceptions: list[CertainException] = field(default_factory=list)
    configs: dict[str, ConfigUse] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)
    launches: list[Launch] = field(default_factory=list)
    aborted: list[tuple[Launch, str]] = field(default_factory=list)
    written: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    blind_writes: bool = False
    results: str = ""
    no_grad: list[tuple[str, int, str]] = field(default_factory=list)

    def config(self, path: str) -> ConfigUse:
        """Return what was done with the configuration file at `path`."""
        found = self.configs.get(path)
        if found is None:
            found = self.configs[path] = ConfigUse()
        return found

    def followed(self, config: str, run: Keys) -> bool:
        """Whether the processes of this run were followed to the end, so that silence says much."""
        launches = [x for x in self.launches if x.config == config and x.run == run]
        if not launches and any(keys[: len(run)] == run for keys in self.config(config).reads):
            launches = [x for x in self.launches if x.run is None]
        stopped = {id(x) for x, _ in self.aborted}
        return bool(launches) and not any(id(x) in stopped for x in launches)

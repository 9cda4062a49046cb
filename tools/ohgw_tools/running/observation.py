"""Observation: what the observer in the sandbox wrote down, put together over all processes.

The records come from the program's own processes: each line is checked for its place in the chain,
and what they say is held against what the sandbox saw. What does not fit is said in `doubts`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, JsonValue

from ohgw_tools.frozen import FROZEN
from ohgw_tools.isolation.program_environment import WORK_DIRECTORY
from ohgw_tools.observe import RECORDS
from ohgw_tools.running.batch import Batch, TrialPoint, batch_of, trial_point_of
from ohgw_tools.sandbox import Execution

MAX_FILES = 400
MAX_BYTES = 16 << 20
_MAX_LISTED = 40


class Optimizer(BaseModel):
    """One optimizer of one process: its class, steps taken, settings of its first group when its
    steps last doubled, and in probes the digest of the weights before its first step.
    """

    model_config = FROZEN

    name: str
    steps: int
    settings: dict[str, JsonValue] = {}
    weights: str = ""


class RanFunction(BaseModel):
    """A function of the bundle that was entered; a module's own code is `<module>`."""

    model_config = FROZEN

    path: str
    name: str
    line: int


class Observation(BaseModel):
    """What was seen of one run, over all its processes; paths relative to the work directory.

    `complete` says whether every function that ran is in `functions`. `batches`, `trials` and
    `supplied` are of probes alone (see `ohgw_tools.running.probe`). `doubts` says where records
    are missing, altered, or do not fit what came out of the sandbox.
    """

    model_config = FROZEN

    processes: int = 0
    complete: bool = False
    functions: frozenset[RanFunction] = frozenset()
    read: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    optimizers: tuple[Optimizer, ...] = ()
    peak_bytes: int = 0
    phases: dict[str, float] = {}
    doubts: tuple[str, ...] = ()
    batches: tuple[Batch, ...] = ()
    trials: tuple[TrialPoint, ...] = ()
    supplied: tuple[str, ...] = ()
    scripted: bool = False

    def summary(self) -> dict[str, JsonValue]:
        """Small JSON for a verdict's facts; lists are cut at 40."""
        lists = ("read", "written", "datasets", "models", "hosts", "seeds", "commands", "doubts")
        return {
            "processes": self.processes,
            "complete": self.complete,
            "functions": len(self.functions),
            "optimizers": [o.model_dump(mode="json") for o in self.optimizers[:_MAX_LISTED]],
            "peak_bytes": self.peak_bytes,
            "phases": dict(self.phases),
            **{name: [*getattr(self, name)[:_MAX_LISTED]] for name in lists},
        }


def observation(execution: Execution, nonce: str) -> Observation:
    """Put the records of a run together. Never raises: what cannot be read is a doubt."""
    reading = _Reading()
    head = f"{RECORDS}/"
    files = [p for p in execution.artifacts if p.startswith(head) and p.endswith(".jsonl")]
    size = 0
    for path in sorted(files)[:MAX_FILES]:
        size += len(execution.artifacts[path])
        if size > MAX_BYTES:
            reading.doubts.append("more records than are read")
            break
        reading.process(path, execution.artifacts[path], nonce)
    reading.compare(execution)
    return reading.result()


class _Reading:
    """Gathers the lines of all processes."""

    def __init__(self) -> None:
        self.doubts: list[str] = []
        self.sets: dict[str, dict[str, None]] = {}
        self.functions: set[RanFunction] = set()
        self.optimizers: list[Optimizer] = []
        self.phases: dict[str, float] = {}
        self.complete: list[bool] = []
        self.batches: list[Batch] = []
        self.trials: list[TrialPoint] = []
        self.processes = 0
        self.peak = 0

    def process(self, path: str, content: bytes, nonce: str) -> None:
        """Take in one process's file, as far as its chain holds."""
        self.processes += 1
        ended = forked = False
        complete: bool | None = None
        own: dict[int, Optimizer] = {}
        weights: dict[int, str] = {}
        lines = list(_chained(content, nonce))
        if len(lines) < len(content.splitlines()):
            self.doubts.append(f"{path} was altered after line {len(lines)}")
        for kind, seconds, data in lines:
            ended = ended or kind == "end"
            if kind == "start":
                forked = bool(data.get("forked"))
            elif kind == "end":
                self._end(data, seconds)
            elif kind == "calls":
                complete = data.get("complete") is True
            elif kind == "optimizer":
                self._optimizer(own, data, seconds)
            elif kind == "weights":
                weights[len(weights)] = str(data.get("digest"))
            elif kind in ("input", "target"):
                self.batches += batch_of(kind, data)
            elif kind == "trial":
                self.trials += trial_point_of(data)
            else:
                self._fact(kind, data)
        self.optimizers += [
            o.model_copy(update={"weights": weights.get(number, "")}) for number, o in own.items()
        ]
        if not forked:
            self.complete.append(bool(complete) and ended)

    def compare(self, execution: Execution) -> None:
        """Hold the records against what the sandbox saw."""
        if self.processes == 0:
            self.doubts.append("no process left a record")
        elif execution.ok and not any(self.complete) and "end" not in self.phases:
            self.doubts.append("the program ended well, but no record of it has an end")
        if self.phases.get("end", 0.0) * 1000 > execution.wall_ms + 1000:
            self.doubts.append("more time is recorded than the sandbox saw pass")
        written = self.sets.get("write", {})
        if not self.processes or "spawn" in self.sets:
            return
        for path in execution.artifacts:
            if path.endswith(".json") and not path.startswith(RECORDS) and path not in written:
                self.doubts.append(f"{path} was written, but no record says by whom")

    def result(self) -> Observation:
        """All of it, as a value."""
        sets = {kind: tuple(found) for kind, found in self.sets.items()}
        return Observation(
            processes=self.processes,
            complete=bool(self.complete) and all(self.complete) and not self.doubts,
            functions=frozenset(self.functions),
            read=sets.get("read", ()),
            written=sets.get("write", ()),
            datasets=sets.get("dataset", ()),
            models=sets.get("model", ()) + sets.get("hub", ()),
            hosts=sets.get("host", ()) + sets.get("url", ()),
            seeds=sets.get("seed", ()),
            commands=sets.get("spawn", ()),
            optimizers=tuple(self.optimizers),
            peak_bytes=self.peak,
            phases={name: round(seconds, 3) for name, seconds in self.phases.items()},
            doubts=tuple(self.doubts),
            batches=tuple(self.batches),
            trials=tuple(self.trials),
            supplied=sets.get("supplied", ()),
            scripted=bool(sets.get("scripted")),
        )

    def _fact(self, kind: str, data: Mapping[str, Any]) -> None:
        what = data.get("what") or data.get("argv")
        if not isinstance(what, list) or not what:
            return
        if kind == "call" and len(what) == 3 and isinstance(what[2], int):
            self.functions.add(RanFunction(path=str(what[0]), name=str(what[1]), line=what[2]))
            return
        words = [str(item) for item in what if item is not None]
        text = " ".join(words) if kind == "spawn" else ":".join(words)
        if kind in ("read", "write"):
            text = text.removeprefix(f"{WORK_DIRECTORY}/")
        self.sets.setdefault(kind, {})[text] = None

    def _optimizer(
        self, own: dict[int, Optimizer], data: Mapping[str, Any], seconds: float
    ) -> None:
        number, steps, groups = data.get("number"), data.get("steps"), data.get("groups")
        if not isinstance(number, int) or not isinstance(steps, int):
            return
        first = groups[0] if isinstance(groups, list) and groups else {}
        settings = first if isinstance(first, dict) else {}
        own[number] = Optimizer(name=str(data.get("name")), steps=steps, settings=settings)
        if steps == 1:
            self.phases.setdefault("first_step", seconds)

    def _end(self, data: Mapping[str, Any], seconds: float) -> None:
        peak = data.get("peak_bytes")
        self.peak = max(self.peak, peak if isinstance(peak, int) else 0)
        self.phases["end"] = max(self.phases.get("end", 0.0), seconds)


def _chained(content: bytes, nonce: str) -> Iterable[tuple[str, float, dict[str, Any]]]:
    """Yield kind, seconds and data of each line, up to the first that breaks the chain."""
    digest = nonce
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines()):
        body, _, given = line.rpartition("\t")
        digest = hashlib.sha256((digest + body).encode()).hexdigest()[:16]
        try:
            value = json.loads(body) if given == digest else None
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, list) or len(value) != 4 or value[0] != number:
            return
        _, kind, seconds, data = value
        if not isinstance(kind, str) or not isinstance(seconds, float | int):
            return
        yield kind, float(seconds), data if isinstance(data, dict) else {}

"""Prober: runs a bundle's program on purpose-made configurations, with the observer beside it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from ohgw_tools.errors import CouldNotLook
from ohgw_tools.observe import startup_directory
from ohgw_tools.running.observation import Observation, Optimizer
from ohgw_tools.running.run_artifacts import command_of
from ohgw_tools.running.staged_run import StagedRun
from ohgw_tools.sandbox import Execution, Interpreter, Limits, Sandbox
from ohgw_tools.source.run_list import Run
from ohgw_tools.subject import Subject

KeyPath = tuple[str | int, ...]


class Sample(NamedTuple):
    """One run of the program: what the sandbox and the observer saw, and the run's results."""

    execution: Execution
    seen: Observation
    results: Mapping[str, Any]

    @property
    def first(self) -> Optimizer | None:
        """The optimizer that took its first step first."""
        return self.seen.optimizers[0] if self.seen.optimizers else None


class Prober:
    """Runs programs of one bundle in one sandbox. The same run asked for twice runs once."""

    def __init__(self, subject: Subject, sandbox: Sandbox, interpreter: Interpreter) -> None:
        self.subject = subject
        self._runs = StagedRun(
            sandbox, interpreter, {"PYTHONFAULTHANDLER": "1"}, observer=startup_directory()
        )
        self._known: dict[str, Sample] = {}

    @property
    def count(self) -> int:
        """The number of programs run."""
        return len(self._runs.steps)

    @property
    def wall_ms(self) -> int:
        """What they took."""
        return sum(execution.wall_ms for _, execution in self._runs.steps)

    def smoke(self, run: Run, changes: Mapping[KeyPath, object] | None = None) -> Sample:
        """Run the smoke test on one run of its configuration, with values set by key path.

        Raises CouldNotLook where the program does not end well: what it does cannot be seen then.
        """
        sample = self.attempt(run, changes)
        if not sample.execution.ok:
            raise CouldNotLook(
                f"the smoke test of {run.id} alone does not end well "
                f"({sample.execution.outcome}, exit code {sample.execution.exit_code})",
                "Mend what the smoke test reports first",
            )
        return sample

    def attempt(self, run: Run, changes: Mapping[KeyPath, object] | None = None) -> Sample:
        """Run the same as `smoke`, which may end in any way that says something of the program.

        Raises CouldNotLook where a limit of the sandbox ended it.
        """
        config = copy.deepcopy(dict(run.config))
        for path, value in (changes or {}).items():
            _set(config, path, value)
        text = self._config(run, config)
        if text not in self._known:
            program = self.subject.contract.smoke
            files = {**self.subject.files, run.path: text}
            self._known[text] = self._sample(
                f"probe-{len(self._known)}", files, program.argv, program.limits, run.id
            )
        sample = self._known[text]
        if sample.execution.outcome != "exited":
            raise CouldNotLook(f"the run of {run.id} ended by {sample.execution.outcome}")
        return sample

    def _sample(
        self,
        name: str,
        files: Mapping[str, str],
        argv: tuple[str, ...],
        limits: Limits,
        run_id: str,
    ) -> Sample:
        encoded = {path: text.encode() for path, text in files.items()}
        execution, seen = self._runs.run_observed(name, encoded, command_of(argv), limits)
        assert seen is not None, "a prober always observes"
        return Sample(execution, seen, self._results(execution, run_id))

    def _results(self, execution: Execution, run_id: str) -> Mapping[str, Any]:
        pattern = self.subject.contract.artifacts.results
        ending = (pattern or "").replace("{run_id}", run_id)
        for path, content in execution.artifacts.items():
            if run_id and ending and path.endswith(f"/{ending}"):
                try:
                    found = json.loads(content)
                except ValueError:
                    return {}
                return found if isinstance(found, dict) else {}
        return {}

    def _config(self, run: Run, config: dict[str, Any]) -> str:
        """The configuration file of `run` with this one run in it."""
        file = self.subject.yaml(run.path)
        data = copy.deepcopy(file.data) if file is not None else None
        if not isinstance(data, dict) or len(run.key) != 2 or run.key[0] not in data:
            raise CouldNotLook(f"{run.path} is no list of runs that one run can be taken from")
        held = data[run.key[0]]
        data[run.key[0]] = [config] if isinstance(held, list) else {run.key[1]: config}
        return yaml.safe_dump(data, sort_keys=False)


_NO_METRIC = (
    "sec",
    "time",
    "hours",
    "memory",
    "bytes",
    "elapsed",
    "overhead",
    "share",
    "eta",
    "warm",
)


def metrics_of(sample: Sample) -> dict[str, float]:
    """Return the numbers that a run left, those that measure time, memory or the method aside."""
    found = dict(numbers(sample.results.get("final_metrics", sample.results)))
    return {k: v for k, v in found.items() if not any(word in k.lower() for word in _NO_METRIC)}


def numbers(value: object, path: str = "") -> Iterator[tuple[str, float]]:
    """Yield the numbers in JSON data with their dotted paths."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from numbers(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from numbers(part, f"{path}.{index}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, float(value)


def _set(config: dict[str, Any], path: KeyPath, value: object) -> None:
    held: Any = config
    for key in path[:-1]:
        held = held[key]
    held[path[-1]] = value

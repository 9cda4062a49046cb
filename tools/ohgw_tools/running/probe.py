"""Prober: runs a bundle's program on purpose-made configurations, with the observer beside it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import yaml

from ohgw_tools.errors import CouldNotLook
from ohgw_tools.observe import startup_directory
from ohgw_tools.running import artifact_json
from ohgw_tools.running.observation import Observation, Optimizer
from ohgw_tools.running.run_artifacts import command_of
from ohgw_tools.running.staged_run import StagedRun
from ohgw_tools.sandbox import Execution, Interpreter, Sandbox
from ohgw_tools.source.run_list import Run
from ohgw_tools.source.run_list import runs as runs_of
from ohgw_tools.subject import Subject

KeyPath = tuple[str | int, ...]
Ranking = Literal["stable", "unstable"]
SUPPLY = ".ohgw-supply.json"


class Sample(NamedTuple):
    """One run of the program: what the sandbox and the observer saw, and the run's results."""

    execution: Execution
    seen: Observation
    results: Mapping[str, Any]

    @property
    def first(self) -> Optimizer | None:
        """The optimizer that took its first step first."""
        return self.seen.optimizers[0] if self.seen.optimizers else None


class Setting(NamedTuple):
    """What is arranged around a run: `supply` is the JSON of a dataset that is handed out where the
    program asks the hub for it, `ranking` the order that its evaluations are made to show.
    """

    supply: str = ""
    ranking: Ranking | None = None


ORDINARY = Setting()


class Prober:
    """Runs programs of one bundle in one sandbox. The same run asked for twice runs once.

    `runs` says how and keeps count; `whole` is the execution of the whole smoke test, if it has
    been run already.
    """

    def __init__(self, subject: Subject, runs: StagedRun, whole: Execution | None = None) -> None:
        self.subject = subject
        self.label = "property"
        self._whole = whole
        self._runs = runs
        self._steps: list[Execution] = []
        self._known: dict[tuple[str, Setting], Sample] = {}

    @staticmethod
    def of(subject: Subject, sandbox: Sandbox, interpreter: Interpreter) -> Prober:
        """Return a prober that runs programs by itself."""
        environment = {"PYTHONFAULTHANDLER": "1"}
        runs = StagedRun(sandbox, interpreter, environment, observer=startup_directory())
        return Prober(subject, runs)

    @property
    def count(self) -> int:
        """The number of programs run."""
        return len(self._steps)

    @property
    def wall_ms(self) -> int:
        """What they took."""
        return sum(execution.wall_ms for execution in self._steps)

    def whole(self) -> Execution:
        """The smoke test as it is. Raises CouldNotLook where it does not end well."""
        if self._whole is None:
            program = self.subject.contract.smoke
            files = {path: text.encode() for path, text in self.subject.files.items()}
            self._whole = self._runs.run(
                f"{self.label}-smoke", files, command_of(program.argv), program.limits
            )
            self._steps.append(self._whole)
        if not self._whole.ok:
            raise CouldNotLook("the smoke test does not end well", "Mend what it reports first")
        return self._whole

    def smoke(
        self,
        run: Run,
        changes: Mapping[KeyPath, object] | None = None,
        setting: Setting = ORDINARY,
    ) -> Sample:
        """Run the smoke test on one run of its configuration, with values set by key path.

        Raises CouldNotLook where the program does not end well: what it does cannot be seen then.
        """
        sample = self.attempt(run, changes, setting)
        if not sample.execution.ok:
            raise CouldNotLook(
                f"the smoke test of {run.id} alone does not end well "
                f"({sample.execution.outcome}, exit code {sample.execution.exit_code})",
                "Mend what the smoke test reports first",
            )
        return sample

    def attempt(
        self,
        run: Run,
        changes: Mapping[KeyPath, object] | None = None,
        setting: Setting = ORDINARY,
    ) -> Sample:
        """Run the same as `smoke`, which may end in any way that says something of the program.

        Raises CouldNotLook where a limit of the sandbox ended it.
        """
        config = copy.deepcopy(dict(run.config))
        for path, value in (changes or {}).items():
            _set(config, path, value)
        text = self._config(run, config)
        key = (text, setting)
        if key not in self._known:
            self._known[key] = self._sample(run, text, setting)
        sample = self._known[key]
        if sample.execution.outcome != "exited":
            raise CouldNotLook(f"the run of {run.id} ended by {sample.execution.outcome}")
        return sample

    def _sample(self, run: Run, text: str, setting: Setting) -> Sample:
        program = self.subject.contract.smoke
        files = {**self.subject.files, run.path: text}
        if setting.supply:
            files[SUPPLY] = setting.supply
        asked = {
            "watch": True,
            "supply": SUPPLY if setting.supply else "",
            "script": setting.ranking or "",
        }
        name = f"{self.label}-{len(self._known) + 1}"
        runs = replace(
            self._runs,
            environment={**self._runs.environment, "OHGW_PROBE": json.dumps(asked)},
            steps=[],
            observations={},
        )
        execution, seen = runs.run_observed(
            name,
            {path: content.encode() for path, content in files.items()},
            command_of(program.argv),
            program.limits,
        )
        if seen is None:
            raise CouldNotLook("properties watch the program, and observing is switched off")
        self._steps.append(execution)
        # What is kept of a probe is its cost and its streams: its records are large.
        self._runs.steps.append((name, execution.model_copy(update={"artifacts": {}})))
        return Sample(execution, seen, self._results(execution, run.id))

    def results(self) -> dict[str, Mapping[str, Any]]:
        """What each run of the whole smoke test left, by run id. Raises CouldNotLook."""
        execution = self.whole()
        found = {run.id: self._results(execution, run.id) for run in runs_of(self.subject, "smoke")}
        return {run_id: results for run_id, results in found.items() if results}

    def _results(self, execution: Execution, run_id: str) -> Mapping[str, Any]:
        pattern = self.subject.contract.artifacts.results
        ending = (pattern or "").replace("{run_id}", run_id)
        for path, content in execution.artifacts.items():
            if run_id and ending and path.endswith(f"/{ending}"):
                try:
                    found = artifact_json.read(content)
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


def uses_torch(subject: Subject) -> bool:
    """Whether a file imports PyTorch, whose models, losses and optimizers are what is watched."""
    return any("import torch" in t or "from torch" in t for t in subject.files.values())


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
    return metric_numbers(sample.results)


def metric_numbers(results: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers in results, those that measure time, memory or the method aside."""
    found = dict(numbers(results.get("final_metrics", results)))
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

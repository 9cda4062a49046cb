"""StagedRun: the programs that one stage runs, one after the other, and what they cost."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import JsonValue

from ohgw_tools import observe
from ohgw_tools.environments.data_cache import DataCache
from ohgw_tools.running.observation import Observation, observation
from ohgw_tools.sandbox import Execution, Interpreter, Limits, Sandbox

MAX_BLOB = 1 << 20
MAX_BLOBS = 8 << 20
_KEPT = re.compile(r"\.(?:json|jsonl|log|txt|ya?ml|csv|err|out)$")


@dataclass
class StagedRun:
    """Runs programs in one sandbox with one interpreter and remembers each as a step."""

    sandbox: Sandbox
    interpreter: Interpreter
    environment: Mapping[str, str]
    allow_hosts: tuple[str, ...] = ()
    cancel: threading.Event | None = None
    observer: Path | None = None
    on_progress: Callable[[str], None] | None = None
    steps: list[tuple[str, Execution]] = field(default_factory=list)
    observations: dict[str, Observation] = field(default_factory=dict)
    data: DataCache = field(default_factory=DataCache)

    def run(
        self, name: str, files: Mapping[str, bytes], argv: tuple[str, ...], limits: Limits
    ) -> Execution:
        """Run one program in a fresh work directory. Raises CouldNotLook and its kinds."""
        if self.on_progress is not None:
            self.on_progress(name)
        # A sandbox of somebody's own need not know of data where none are given.
        shown = {"mounts": self.data.mounts} if self.data else {}
        execution = self.sandbox.run(
            files,
            self.data.command(argv),
            interpreter=self.interpreter,
            limits=limits,
            environment={**self.data.variables, **self.environment},
            allow_hosts=self.allow_hosts,
            cancel=self.cancel,
            **shown,
        )
        execution = self.data.without_links(execution)
        self.steps.append((name, execution))
        return execution

    def run_observed(
        self, name: str, files: Mapping[str, bytes], argv: tuple[str, ...], limits: Limits
    ) -> tuple[Execution, Observation | None]:
        """Run one program with the observer beside it; None where that is switched off."""
        if self.observer is None:
            return self.run(name, files, argv, limits), None
        nonce = observe.new_nonce()
        watched = replace(
            self,
            interpreter=self.interpreter.model_copy(
                update={"prefixes": (*self.interpreter.prefixes, str(self.observer))}
            ),
            environment={
                **self.environment,
                **observe.environment(self.observer, nonce, limits.wall_seconds),
            },
        )
        execution = watched.run(name, files, argv, limits)
        seen = observation(execution, nonce)
        self.observations[name] = seen
        return execution, seen

    def facts(self) -> dict[str, JsonValue]:
        """Times in ms, sizes in bytes; the sums and maxima first, then each step."""
        executions = [execution for _, execution in self.steps]
        facts: dict[str, JsonValue] = {
            "sandbox": self.sandbox.name,
            "interpreter": self.interpreter.key,
            "wall_ms": sum(e.wall_ms for e in executions),
            "cpu_ms": sum(e.cpu_ms or 0 for e in executions),
            "peak_bytes": max((e.peak_bytes or 0 for e in executions), default=0),
            "steps": [_step(name, execution) for name, execution in self.steps],
        }
        if self.observations:
            facts["observed"] = {n: o.summary() for n, o in self.observations.items()}
        if self.data:
            facts["data"] = {**self.data.facts}
        if executions:
            facts["outcome"] = executions[-1].outcome
            facts["isolation"] = executions[-1].isolation
        return facts

    def blobs(self) -> dict[str, bytes]:
        """Streams and small text artifacts of every step, by `step/name`, at most 8 MiB in all."""
        found: dict[str, bytes] = {}
        left = MAX_BLOBS
        for name, execution in self.steps:
            streams = {
                "stdout": execution.stdout.text.encode(),
                "stderr": execution.stderr.text.encode(),
            }
            kept = {p: c for p, c in execution.artifacts.items() if _KEPT.search(p)}
            for path, content in {**streams, **kept}.items():
                if content and len(content) <= min(MAX_BLOB, left):
                    found[f"{name}/{path}"] = content
                    left -= len(content)
        return found


def _step(name: str, execution: Execution) -> dict[str, JsonValue]:
    hosts = execution.isolation.get("hosts")
    return {
        **({"hosts": hosts} if hosts else {}),
        "name": name,
        "outcome": execution.outcome,
        "exit_code": execution.exit_code,
        "signal": execution.signal,
        "wall_ms": execution.wall_ms,
        "cpu_ms": execution.cpu_ms,
        "peak_bytes": execution.peak_bytes,
        "stdout_bytes": execution.stdout.total_bytes,
        "stderr_bytes": execution.stderr.total_bytes,
        "artifacts": len(execution.artifacts),
        "refused": dict(list(execution.refused.items())[:20]),
    }

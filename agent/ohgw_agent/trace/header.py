"""Header: the small summary of a run that listing reads; derived from the events at any time."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import ClassVar

from ohgw_agent.trace.event import Event, Json
from ohgw_agent.trace.seal import Seal


class Header:
    """Folds events into the content of `run.json`."""

    # The kinds after which the file is written anew.
    CHANGES: ClassVar[frozenset[str]] = frozenset(
        ("run.start", "attempt", "interrupted", "resumed")
    )

    def __init__(self) -> None:
        self.seal: Seal | None = None
        self.body: dict[str, Json] = {
            "v": 1,
            "run": "",
            "started": "",
            "updated": "",
            "events": 0,
            "status": "open",
            "stop": None,
            "experiment": None,
            "bundle": None,
            "label": None,
            "tool": None,
            "models": [],
            "rules": {},
            "attempts": 0,
            "errors_left": None,
            "spend": {},
            "elapsed_ms": 0,
        }

    def take(self, event: Event) -> None:
        """Count one event in."""
        body = self.body
        body["events"] = event.seq + 1
        body["updated"] = event.ts
        body["elapsed_ms"] = event.mono_ms
        self.seal = None
        fold = _FOLDS.get(event.kind)
        if fold is not None:
            fold(self, event)

    def encode(self) -> bytes:
        """Return the content of `run.json`."""
        seal: Json = None
        if self.seal is not None:
            seal = {"count": self.seal.count, "head": self.seal.head}
        return json.dumps({**self.body, "seal": seal}, sort_keys=True, indent=1).encode() + b"\n"

    def _run_start(self, event: Event) -> None:
        bundle = event.data.get("bundle")
        self.body |= {
            "run": event.data.get("run"),
            "started": event.ts,
            "experiment": event.data.get("experiment"),
            "bundle": bundle.get("digest") if isinstance(bundle, dict) else bundle,
            "label": event.data.get("label"),
            "tool": event.data.get("version"),
        }
        self._models(event.data.get("models"))

    def _verdict(self, event: Event) -> None:
        rules, seen = event.data.get("rules"), self.body["rules"]
        if isinstance(rules, dict) and isinstance(seen, dict):
            for rule, count in rules.items():
                known = seen.get(rule, 0)
                if isinstance(count, int) and isinstance(known, int):
                    seen[rule] = max(known, count)

    def _model_reply(self, event: Event) -> None:
        self._models([event.data.get("model")])

    def _attempt(self, event: Event) -> None:
        # Candidates of one round are judged in order of promise, not of their numbers.
        self.body["attempts"] = _larger(self.body["attempts"], event.data.get("attempt"))
        errors = event.data.get("errors")
        if event.data.get("best") is not False and isinstance(errors, list):
            self.body["errors_left"] = len(errors)

    def _budget(self, event: Event) -> None:
        if isinstance(event.data.get("spend"), dict):
            self.body["spend"] = event.data["spend"]

    def _interrupted(self, event: Event) -> None:
        self.body["status"] = "interrupted"

    def _resumed(self, event: Event) -> None:
        self.body["status"] = "open"
        self.body["stop"] = None

    def _run_end(self, event: Event) -> None:
        self.body["status"] = event.data.get("status")
        self.body["stop"] = event.data.get("stop")
        self._budget(event)

    def _models(self, names: Json) -> None:
        known = self.body["models"]
        if isinstance(names, list) and isinstance(known, list):
            known += [name for name in names if name and name not in known]


def _larger(one: Json, other: Json) -> Json:
    return max(one, other) if isinstance(one, int) and isinstance(other, int) else other


_FOLDS: dict[str, Callable[[Header, Event], None]] = {
    "run.start": Header._run_start,
    "verdict": Header._verdict,
    "model.reply": Header._model_reply,
    "attempt": Header._attempt,
    "budget": Header._budget,
    "interrupted": Header._interrupted,
    "resumed": Header._resumed,
    "run.end": Header._run_end,
}

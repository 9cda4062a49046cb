"""Crash: the certain exceptions of all processes, brought together where they are one fault."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ohgw_tools.finding import Evidence
from ohgw_tools.interpreter.interpretation import CertainException
from ohgw_tools.source.run_list import ROLES, Run, runs

if TYPE_CHECKING:
    from ohgw_tools.subject import Subject

UNKNOWN_NAME = re.compile(
    r"unknown|unsupport|not (?:recogni|support|regist|implement|found|available|known)|invalid|"
    r"no such|unrecogni|must be one of|should be one of|choose from|expected one of",
    re.IGNORECASE,
)
ENDS = ("NotImplementedError", "ValueError", "KeyError", "AssertionError", "RuntimeError",
        "AttributeError", "TypeError", "Exception", "LookupError")  # fmt: skip


class Crash(NamedTuple):
    """One fault: the exception, all processes that reach it, the configured name it speaks of."""

    exception: CertainException
    runs: tuple[str, ...]
    programs: tuple[str, ...]
    name: str | None
    key: str | None
    config: str | None

    @property
    def hidden_by(self) -> str | None:
        """What happens before, where this is reached only once that is repaired."""
        return None if self.exception.first else "an earlier crash of the same process"

    @property
    def is_registry_gap(self) -> bool:
        """Whether a configured name is one that the code refuses."""
        error = self.exception
        if (
            self.name is None
            or self.is_result_gap
            or error.exception not in ENDS
            or "library" in error.detail
        ):
            return False
        if error.explicit:
            return error.exception == "NotImplementedError" or bool(
                UNKNOWN_NAME.search(error.message) or self.name.lower() in error.message.lower()
            )
        return error.exception == "KeyError" and "path" not in error.detail

    @property
    def is_result_gap(self) -> bool:
        """Whether a key is missing in results that another program of the bundle wrote."""
        return "file" in self.exception.detail

    def evidence(self, subject: Subject) -> tuple[Evidence, ...]:
        """The line that raises, the calls that lead there, and the configured value."""
        error = self.exception
        region = subject.region(error.path, error.line)
        quote = subject.line(error.path, region).strip()[:240]
        found = [Evidence(kind="source", path=error.path, region=region, quote=quote)]
        for frame in error.trace[-6:]:
            place = subject.region(frame.path, frame.line)
            text = subject.line(frame.path, place).strip()[:240]
            found.append(
                Evidence(
                    kind="trace",
                    path=frame.path,
                    region=place,
                    quote=text,
                    note=f"calls {frame.function}",
                )
            )
        return tuple(found)

    @property
    def reached_by(self) -> str:
        """Which programs and runs reach it, and through which calls, in words."""
        who = f" for {', '.join(self.runs[:4])}" if self.runs else ""
        more = f" and {len(self.runs) - 4} more" if len(self.runs) > 4 else ""
        via = f" via {self.exception.via}" if self.exception.trace else ""
        return f"{' and '.join(self.programs)} program{who}{more}{via}"


def crashes(subject: Subject) -> tuple[Crash, ...]:
    """Return each fault once, in the order in which they are reached."""
    found: tuple[Crash, ...] = subject.once(_crashes)
    return found


def _crashes(subject: Subject) -> tuple[Crash, ...]:
    groups: dict[tuple[object, ...], list[CertainException]] = {}
    for error in subject.interpretation.exceptions:
        name = error.detail.get("name")
        what = name if name is not None else error.message
        key = (
            error.exception,
            error.path,
            error.line,
            what,
            error.detail.get("config"),
            error.thread,
        )
        groups.setdefault(key, []).append(error)
    return tuple(_crash(subject, errors) for errors in groups.values())


def _run_of(subject: Subject, error: CertainException) -> Run | None:
    """Return the run that an exception belongs to: by its process, else by the value it names."""
    keys = error.detail.get("keys") or ()
    for role in ROLES:
        for run in runs(subject, role):
            if run.id == error.launch.run_id and run.path == error.launch.config:
                return run
            if run.path == error.detail.get("config") and keys[: len(run.key)] == run.key:
                return run
    return None


def _crash(subject: Subject, errors: list[CertainException]) -> Crash:
    error = next((e for e in errors if e.first), errors[0])
    keyed = [_run_of(subject, e) for e in errors]
    names = tuple(dict.fromkeys(run.id for run in keyed if run is not None))
    programs = tuple(dict.fromkeys(e.launch.program for e in errors))
    keys = error.detail.get("keys")
    key = None
    if keys is not None:
        run = _run_of(subject, error)
        prefix = run.key if run is not None else ()
        inner = keys[len(prefix) :] if keys[: len(prefix)] == prefix else keys
        key = ".".join(map(str, inner))
    return Crash(error, names, programs, error.detail.get("name"), key, error.detail.get("config"))

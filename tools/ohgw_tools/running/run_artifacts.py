"""RunArtifacts: what a run that ended well left behind, held against the contract.

Everything in it was written by a program that is not trusted: paths are only ever looked up among
the files that the sandbox brought back, and contents are read with limits.
"""

from __future__ import annotations

import math
import re
from fnmatch import fnmatchcase

from ohgw_tools.finding import Evidence
from ohgw_tools.running import artifact_json
from ohgw_tools.running.run_finding import RunFindings
from ohgw_tools.sandbox import Execution
from ohgw_tools.source.run_list import runs

RESULTS_DIRECTORY = "results"
_RUN_ID = "{run_id}"
_MAX_NAMED = 5


def command_of(argv: tuple[str, ...]) -> tuple[str, ...]:
    """A contract's command with the results directory put in."""
    return tuple(part.replace("{results}", RESULTS_DIRECTORY) for part in argv)


class RunArtifacts:
    """The files below the results directory after one run, by the contract's patterns."""

    def __init__(self, findings: RunFindings, execution: Execution) -> None:
        self._findings = findings
        self._patterns = findings.contract.artifacts
        self._refused = execution.refused
        head = f"{RESULTS_DIRECTORY}/"
        self.files = {
            path.removeprefix(head): content
            for path, content in execution.artifacts.items()
            if path.startswith(head)
        }

    @property
    def run_ids(self) -> tuple[str, ...]:
        """The ids of the runs that left results, where the pattern holds an id."""
        pattern = self._patterns.results
        if pattern is None or _RUN_ID not in pattern:
            return ()
        found = (_match_id(pattern, path) for path in self.files)
        return tuple(dict.fromkeys(run_id for run_id in found if run_id))

    @property
    def expected(self) -> tuple[str, ...]:
        """The ids of the runs that should have left something: those of the smoke configuration, or
        those that did where it does not name any.
        """
        configured = [run.id for run in runs(self._findings.subject, "smoke") if run.id]
        return tuple(configured) or self.run_ids

    def report(self, expected: tuple[str, ...]) -> None:
        """Add what is missing or unfit. `expected` are the ids of the runs that were configured.
        Figures are asked of the evaluation, where that is a program of its own.
        """
        if self._patterns.results is not None:
            self._report_results(self._patterns.results, expected)
        if self._findings.contract.evaluate is None:
            self.report_figures()
        for pattern in self._patterns.logs:
            for run_id in expected if _RUN_ID in pattern else ("",):
                path = pattern.replace(_RUN_ID, run_id)
                if path not in self.files:
                    self._missing("log-missing", path, f"no log {path}")

    def report_figures(self) -> None:
        """Add what is missing or unfit of the figures, if the contract asks for any."""
        if self._patterns.figures is not None:
            self._report_figures(self._patterns.figures)

    def numbers(self) -> dict[str, float]:
        """Every number of every results file, by file and key path."""
        found = {}
        for path, content in self._results_files().items():
            try:
                value = artifact_json.read(content)
            except artifact_json.NotJson:
                continue
            found.update({f"{path}:{key}": n for key, n in artifact_json.numbers(value)})
        return found

    def _results_files(self) -> dict[str, bytes]:
        pattern = self._patterns.results
        if pattern is None:
            return {}
        if _RUN_ID in pattern:
            return {p: c for p, c in self.files.items() if _match_id(pattern, p)}
        return {p: c for p, c in self.files.items() if fnmatchcase(p, pattern)}

    def _report_results(self, pattern: str, expected: tuple[str, ...]) -> None:
        found = self._results_files()
        wanted = [pattern.replace(_RUN_ID, run_id) for run_id in expected]
        if _RUN_ID not in pattern:
            wanted = [] if found else [pattern]
        elif not expected and not found:
            wanted = [pattern]
        for path in wanted:
            if path not in found:
                self._missing("result-missing", path, f"no results were written to {path}")
        for path, content in found.items():
            self._report_result(path, content)

    def _report_result(self, path: str, content: bytes) -> None:
        try:
            value = artifact_json.read(content)
        except artifact_json.NotJson as error:
            self._unfit("result-unreadable", path, content, f"{path} is not JSON: {error}")
            return
        found = list(artifact_json.numbers(value))
        if not found:
            self._unfit("result-empty", path, content, f"{path} holds no number")
        bad = [(key, number) for key, number in found if not math.isfinite(number)]
        for key, number in bad[:_MAX_NAMED]:
            more = f" (one of {len(bad)})" if len(bad) > _MAX_NAMED else ""
            message = f"{path}: {key} is {number}{more}"
            self._unfit("result-not-finite", path, content, message, about=f"{path}:{key}")

    def _report_figures(self, pattern: str) -> None:
        found = {p: c for p, c in self.files.items() if _fits(p, pattern)}
        if not found:
            self._missing("figure-missing", pattern, f"no figure {pattern} was written")
        for path, content in found.items():
            if not content.strip():
                self._unfit("figure-empty", path, content, f"{path} is empty")
            elif pattern.endswith(".pdf") and not content.startswith(b"%PDF-"):
                self._unfit("figure-empty", path, content, f"{path} is not a PDF")

    def _missing(self, rule: str, path: str, message: str) -> None:
        """A file that is not there, or that the sandbox did not let through."""
        full = f"{RESULTS_DIRECTORY}/{path}"
        refused = {p: r for p, r in self._refused.items() if p == full or _fits(p, full)}
        for name, reason in list(refused.items())[:1]:
            message = f"{name} was not taken out of the sandbox: it is {reason}"
        self._findings.add(rule, message, about=path)

    def _unfit(
        self, rule: str, path: str, content: bytes, message: str, about: str | None = None
    ) -> None:
        quote = content[:500].decode("utf-8", "backslashreplace")
        evidence = Evidence(kind="artifact", path=f"{RESULTS_DIRECTORY}/{path}", quote=quote)
        self._findings.add(rule, message, about=about or path, evidence=[evidence])


def _match_id(pattern: str, path: str) -> str:
    """The run id that makes `pattern` into `path`; empty where it does not fit."""
    parts = [re.escape(part) for part in pattern.split(_RUN_ID)]
    match = re.fullmatch("([^/]+)".join(parts[:2]) + "".join(rf"\1{p}" for p in parts[2:]), path)
    return match[1] if match else ""


def _fits(path: str, pattern: str) -> bool:
    return fnmatchcase(path, pattern.replace(_RUN_ID, "*"))

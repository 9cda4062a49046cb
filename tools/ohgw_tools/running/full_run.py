"""FullRun: the full experiment, its sizes cut, because a smoke test can hide a broken one."""

from __future__ import annotations

from collections.abc import Mapping

from ohgw_tools.errors import CouldNotLook
from ohgw_tools.finding import Evidence
from ohgw_tools.running.config_shrink import shrink_files
from ohgw_tools.running.network_need import network_needed
from ohgw_tools.running.python_traceback import PythonTraceback
from ohgw_tools.running.run_artifacts import RunArtifacts, command_of
from ohgw_tools.running.run_evidence import report_unread_keys, words_of
from ohgw_tools.running.run_finding import RunFindings
from ohgw_tools.running.run_outcome import report_outcome, root_tracebacks
from ohgw_tools.running.staged_run import StagedRun
from ohgw_tools.sandbox import Execution, Limits
from ohgw_tools.source.run_list import config_paths, runs

_CONFIRM_SECONDS = 300.0
_MACHINE_LIMITS = ("timeout", "memory")
PROGRAM = "full experiment"


def run_full(findings: RunFindings, staged: StagedRun, files: Mapping[str, bytes]) -> None:
    """Run the contract's full command with sizes cut and add what comes of it.

    Raises CouldNotLook where the machine, not the program, was not up to it.
    """
    program = findings.contract.full
    paths = config_paths(findings.subject, "full")
    unread: list[str] = []
    cut, cuts = shrink_files(files, paths, lambda path, why: unread.append(f"{path}: {why}"))
    argv = command_of(program.argv)
    execution, _ = staged.run_observed("full", cut, argv, program.limits)
    report_unread_keys(findings, "full", words_of(findings.subject))
    if execution.outcome in _MACHINE_LIMITS:
        raise CouldNotLook(
            f"the {PROGRAM}, cut to a small size, met the limit of {execution.outcome} here",
            "Give the contract's full command more, or leave --deep away",
        )
    need = network_needed(execution, staged.allow_hosts)
    if need is not None:
        raise need
    own = RunFindings(findings.subject)
    report_outcome(own, execution, program.limits, program=PROGRAM, crash="full-crash")
    if execution.ok:
        expected = tuple(run.id for run in runs(findings.subject, "full") if run.id)
        RunArtifacts(own, execution).report(expected)
    elif cuts and not _same_uncut(staged, files, argv, program.limits, execution):
        own = _softened(own)
    for finding in own.all:
        note = Evidence(kind="observation", path="cuts", quote="\n".join(cuts[:40]))
        findings.take(finding.model_copy(update={"evidence": (*finding.evidence, note)}))


def _same_uncut(
    staged: StagedRun,
    files: Mapping[str, bytes],
    argv: tuple[str, ...],
    limits: Limits,
    cut: Execution,
) -> bool:
    """Whether the configuration as it stands fails in the same way, so that no cut is to blame."""
    short = limits.model_copy(update={"wall_seconds": min(limits.wall_seconds, _CONFIRM_SECONDS)})
    whole = staged.run("full-uncut", files, argv, short)
    return bool(_ends(whole) & _ends(cut))


def _ends(execution: Execution) -> set[tuple[object, ...]]:
    return {(t.root.type, t.root.frames[-1:]) for t in _roots(execution)}


def _roots(execution: Execution) -> list[PythonTraceback]:
    return [traceback for _, traceback in root_tracebacks(execution)]


def _softened(findings: RunFindings) -> RunFindings:
    """The same as warnings: seen with cut sizes alone."""
    softer = RunFindings(findings.subject)
    for finding in findings.all:
        message = f"{finding.message} (with cut sizes alone)"
        softer.take(finding.model_copy(update={"severity": "warning", "message": message}))
    return softer

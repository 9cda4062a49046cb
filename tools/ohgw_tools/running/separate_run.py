"""SeparateRun: the evaluation that a contract starts on its own, on what the smoke test left."""

from __future__ import annotations

from collections.abc import Mapping

from ohgw_tools.contract import Program
from ohgw_tools.observe import RECORDS
from ohgw_tools.running.network_need import network_needed
from ohgw_tools.running.run_artifacts import RESULTS_DIRECTORY, RunArtifacts, command_of
from ohgw_tools.running.run_finding import RunFindings
from ohgw_tools.running.run_outcome import report_outcome
from ohgw_tools.running.staged_run import StagedRun
from ohgw_tools.sandbox import Execution

PROGRAM = "evaluation"


def run_evaluation(
    findings: RunFindings,
    staged: StagedRun,
    files: Mapping[str, bytes],
    program: Program,
    trained: Execution,
) -> None:
    """Run the evaluation with the files that training left in its work directory, and add what
    comes of it. Raises CouldNotLook and its kinds.
    """
    left = {p: c for p, c in trained.artifacts.items() if not p.startswith(f"{RECORDS}/")}
    # An empty directory is no artifact, and the evaluation may count on the one for its figures.
    folder = (findings.contract.artifacts.figures or "").rpartition("/")[0]
    if folder and "*" not in folder:
        left.setdefault(f"{RESULTS_DIRECTORY}/{folder}/.keep", b"")
    execution, _ = staged.run_observed(
        "evaluate", {**files, **left}, command_of(program.argv), program.limits
    )
    need = network_needed(execution, staged.allow_hosts)
    if need is not None:
        raise need
    report_outcome(findings, execution, program.limits, program=PROGRAM, crash="evaluate-crash")
    if execution.ok:
        both = {**left, **execution.artifacts}
        artifacts = RunArtifacts(findings, execution.model_copy(update={"artifacts": both}))
        artifacts.report_figures()

"""Worker: a process that repairs one bundle after another. A bundle that kills it is lost alone."""

from __future__ import annotations

import ctypes
import resource
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ohgw_agent.batch.item import BatchPlan, Item
from ohgw_agent.batch.leave import Leave
from ohgw_agent.batch.results import Row
from ohgw_agent.delivery import deliver
from ohgw_agent.notice import Notice
from ohgw_agent.outcome import Trace
from ohgw_agent.repair import contract_of, fix, resume
from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.errors import InputError, OhgwError, TraceDamaged

_PR_SET_PDEATHSIG = 1


def work(pipe: Connection, plan: BatchPlan) -> None:
    """Take items from the pipe until told to stop. Ends with its parent."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the foreman is told, and ends the workers
    resource.setrlimit(resource.RLIMIT_DATA, (plan.memory_bytes, plan.memory_bytes))
    leave = Leave(pipe)
    try:
        while True:
            word, *rest = leave.tell("free")
            if word == "stop":
                return
            item, run = rest
            row = (
                _judged(item, plan, leave) if plan.judge_only else _repaired(item, run, plan, leave)
            )
            pipe.send(("done", row))
    except (EOFError, BrokenPipeError):
        return


def _repaired(item: Item, run: str | None, plan: BatchPlan, leave: Leave) -> Row:
    def watch(notice: Notice) -> None:
        if notice.kind == "start":
            leave.tell("started", notice.text)  # noted before anything is paid for

    try:
        trace = _trace(item, run, plan, leave, watch)
    except InputError as error:
        return {"stop": "bad input", "exit_code": 2, "why": str(error)}
    except (OhgwError, MemoryError) as error:
        return {"stop": "could not run", "exit_code": 5, "why": f"{type(error).__name__}: {error}"}
    return _row(trace, plan)


def _trace(item: Item, run: str | None, plan: BatchPlan, leave: Leave, watch: Any) -> Trace:
    """Go on with the run that was begun for this bundle, or begin one."""
    if run is not None:
        try:
            return resume(run, runs_dir=plan.runs_dir, permits=leave, watch=watch)
        except (InputError, TraceDamaged):
            pass  # a run that cannot go on (gone, damaged) is left as it is; begin anew
    bundle = load(item.place)
    return fix(bundle, plan.settings, runs_dir=plan.runs_dir, permits=leave, watch=watch)


def _row(trace: Trace, plan: BatchPlan) -> Row:
    output = deliver(trace)
    if plan.reports:
        _write_report(trace.folder)
    judgement = trace.judgement
    return {
        "run": trace.run_id,
        "stop": trace.stop,
        "exit_code": trace.exit_code,
        "why": trace.why,
        "ready": trace.ready,
        "tree": trace.bundle.derived.digest,
        "attempts": len(trace.attempts) - 1,
        "errors": len(judgement.errors) if judgement else None,
        "rules": sorted({f.rule for f in judgement.errors}) if judgement else [],
        "spend": trace.spend.model_dump(mode="json"),
        "output": str(output) if output else None,
    }


def _write_report(folder: Path) -> None:
    from ohgw_agent.trace.history import History
    from ohgw_agent.trace.reader import Reader
    from ohgw_agent.trace.report.page import page

    (folder / "report.html").write_text(page(History(Reader(folder))), encoding="utf-8")


def _judged(item: Item, plan: BatchPlan, leave: Leave) -> Row:
    """Judge statically and record nothing."""
    from ohgw_tools.check import check

    try:
        bundle, contract = load(item.place), contract_of(plan.settings)
    except InputError as error:
        return {"stop": "bad input", "exit_code": 2, "why": str(error)}
    with leave.holding("judging"):
        verdict = check(bundle, contract)
    return {
        "stop": "judged",
        "exit_code": 0 if verdict.status == "pass" else 1,
        "ready": verdict.status == "pass",
        "why": "",
        "errors": len(verdict.errors),
        "rules": sorted({f.rule for f in verdict.errors}),
    }

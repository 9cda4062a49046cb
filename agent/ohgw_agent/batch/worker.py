"""Worker: a process that repairs one bundle after another. A bundle that kills it is lost alone."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

from ohgw_agent.batch.item import BatchPlan, Item
from ohgw_agent.batch.leave import Leave
from ohgw_agent.batch.results import Row
from ohgw_agent.batch.shelf import Shelf
from ohgw_agent.delivery import deliver
from ohgw_agent.known_server import servers
from ohgw_agent.notice import Notice
from ohgw_agent.outcome import Trace
from ohgw_agent.repair import contract_of, fix, resume
from ohgw_tools.bundle import Bundle
from ohgw_tools.bundles.bundle_file import load, parse, save
from ohgw_tools.errors import InputError, OhgwError, RunBusy, TraceDamaged
from ohgw_tools.subject import ParseCache

BUSY_SECONDS = 60.0
_PR_SET_PDEATHSIG = 1


class Worker:
    """Does one bundle at a time, with the leave of a foreman."""

    def __init__(self, plan: BatchPlan, leave: Leave, shelf: Shelf | None) -> None:
        self._plan = plan
        self._leave = leave
        self._shelf = shelf
        self._parsed = ParseCache()

    def do(self, item: Item, run: str | None, text: str | None = None) -> tuple[Row, Row]:
        """Return what came of a bundle, and the facts about how, which differ from run to run. The
        bundle is read from its place, or from `text` where its place is on another machine.
        """
        try:
            self._text = text
            if self._plan.judge_only:
                return self._judged(item), {}
            self._leave.capped = False
            with self._leave.working():
                return self._told(self._repaired(item, run), item)
        except InputError as error:
            return {"stop": "bad input", "exit_code": 2, "ready": False, "why": str(error)}, {}
        except (OhgwError, MemoryError, OSError) as error:
            why = f"{type(error).__name__}: {error}"
            return {"stop": "could not run", "exit_code": 5, "ready": False, "why": why}, {}

    def _repaired(self, item: Item, run: str | None) -> Trace:
        """Go on with the run that was begun for this bundle, or begin one."""
        runs_dir = self._plan.runs_dir
        if run is not None:
            try:
                if self._shelf is not None:
                    with self._leave.waiting():
                        self._shelf.fetch(runs_dir, run)
                return self._resumed(run)
            except (InputError, TraceDamaged):
                pass  # a run that cannot go on (gone, damaged) is left as it is; begin anew
        return fix(
            self._load(item),
            self._plan.settings,
            runs_dir=runs_dir,
            permits=self._leave,
            parsed=self._parsed,
            watch=self._watch,
        )

    def _resumed(self, run: str) -> Trace:
        """Go on with a run. A worker that was lost may hold its lock for a moment longer."""
        until = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                return resume(
                    run,
                    runs_dir=self._plan.runs_dir,
                    permits=self._leave,
                    parsed=self._parsed,
                    watch=self._watch,
                    servers=servers(self._plan.settings),
                )
            except RunBusy:
                if time.monotonic() > until:
                    raise
                with self._leave.waiting():
                    time.sleep(0.5)

    def _load(self, item: Item) -> Bundle:
        bundle = load(item.place) if self._text is None else parse(self._text, item.place)
        if bundle.digest != item.digest:
            raise InputError(f"{item.place} was changed while the batch ran: run it again")
        return bundle

    def _watch(self, notice: Notice) -> None:
        if notice.kind == "start":
            self._folder = self._plan.runs_dir / notice.text
            self._push(self._folder)
            self._leave.tell("started", notice.text)  # noted before anything is paid for
        elif notice.kind in ("verdict", "attempt"):
            self._push(self._folder)

    def _push(self, folder: Path) -> None:
        if self._shelf is not None:
            with self._leave.waiting():
                self._shelf.push(folder)

    def _told(self, trace: Trace, item: Item) -> tuple[Row, Row]:
        output = self._delivered(trace, item)
        if self._plan.reports:
            _write_report(trace.folder)
        self._push(trace.folder)
        if self._shelf is not None:
            self._shelf.forget(trace.folder)
        judgement = trace.judgement
        row = {
            "stop": trace.stop,
            "exit_code": trace.exit_code,
            "why": trace.why,
            "ready": trace.ready,
            "tree": trace.bundle.derived.digest,
            "attempts": len(trace.attempts) - 1,
            "errors": len(judgement.errors) if judgement else None,
            "rules": sorted({f.rule for f in judgement.errors}) if judgement else [],
            "output": output,
            **({"capped": True} if self._leave.capped and trace.stop == "exhausted" else {}),
        }
        spend = trace.spend.model_dump(mode="json")
        return row, {"run": trace.run_id, "spend": spend, "pid": os.getpid()}

    def _delivered(self, trace: Trace, item: Item) -> str | None:
        """Put the best bundle where its input's digest finds it, below the folder of records or the
        store, and return where. None if it holds a secret.
        """
        if deliver(trace) is None:
            return None
        name = f"delivered/{self._plan.configuration}/{item.digest}.json"
        place = self._plan.runs_dir / name
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        save(trace.bundle, place)
        if self._shelf is not None:
            self._shelf.put(name, place.read_bytes())
        return name

    def _judged(self, item: Item) -> Row:
        """Judge statically and record nothing."""
        from ohgw_tools.check import check

        bundle, contract = self._load(item), contract_of(self._plan.settings)
        with self._leave.holding("judging"):
            verdict = check(bundle, contract, cache=self._parsed)
        return {
            "stop": "judged",
            "exit_code": {"pass": 0, "fail": 1, "undecided": 3}[verdict.status],
            "ready": verdict.status == "pass",
            "why": verdict.reason,
            "errors": len(verdict.errors),
            "rules": sorted({f.rule for f in verdict.errors}),
        }


def work(pipe: Connection, plan: BatchPlan) -> None:
    """Take items from the pipe until told to stop. Ends with its parent."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the foreman is told, and ends the workers
    resource.setrlimit(resource.RLIMIT_DATA, (plan.memory_bytes, plan.memory_bytes))
    gc.freeze()  # what was imported before the fork is no garbage, and stays shared
    shelf = Shelf(plan.store) if plan.store is not None and not plan.judge_only else None
    leave = Leave(pipe)
    worker = Worker(plan, leave, shelf)
    try:
        while True:
            word, *rest = leave.next_item()
            if word == "stop":
                return
            leave.say("done", *worker.do(*rest))
    except EOFError:
        return


def _write_report(folder: Path) -> None:
    from ohgw_agent.trace.history import History
    from ohgw_agent.trace.reader import Reader
    from ohgw_agent.trace.report.page import page

    (folder / "report.html").write_text(page(History(Reader(folder))), encoding="utf-8")

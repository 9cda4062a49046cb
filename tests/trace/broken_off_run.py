"""A recorded run that broke off with findings left: one of three was mended."""

from __future__ import annotations

from pathlib import Path

from sample_run import Recorder, edit_away, sample_bundle, start_data

from ohgw_agent.trace.history import History
from ohgw_agent.trace.reader import Reader
from ohgw_agent.trace.redaction import Redactor
from ohgw_agent.trace.run import Run


def not_ready(runs: Path) -> History:
    """Record it and return its history."""
    bundle = sample_bundle()
    with Run.create(runs, start_data(bundle), redactor=Redactor()) as run:
        recorder = Recorder(run, bundle.derived)
        recorder.judge(bundle.derived, None)
        recorder.patch(edit_away("src/train.py", "    # TODO one", "    # ok", ()))
    return History(Reader(run.folder))

"""Runs recorded by the release that first wrote each version: they must open for ever."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest

from ohgw_agent.trace.blame import account, blame, lines_of
from ohgw_agent.trace.export import export, exports
from ohgw_agent.trace.history import History
from ohgw_agent.trace.listing import list_runs
from ohgw_agent.trace.reader import EVENTS, Reader
from ohgw_agent.trace.redaction import Redactor
from ohgw_agent.trace.replay import replay
from ohgw_agent.trace.report.page import page
from ohgw_agent.trace.run import Run
from ohgw_agent.trace.schema import schema
from ohgw_agent.trace.verification import verify, verify_all

KEPT = Path(__file__).parents[1] / "traces" / "v1"

WHOLE, PRUNED, CUT, REAL = (
    "20261122T184913Z-407f262b",
    "20261122T184914Z-2fdac9d4",
    "20261122T184914Z-6c8bc706",
    "20261122T184914Z-1ce955a2",
)
ALL = (WHOLE, PRUNED, CUT, REAL)
HEADS = json.loads((KEPT.parent / "heads.json").read_text())


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    shutil.copytree(KEPT, tmp_path / "runs")
    return tmp_path / "runs"


def test_the_folder_holds_what_it_held() -> None:
    assert sorted(path.name for path in KEPT.iterdir() if path.is_dir()) == sorted(ALL)
    assert set(HEADS) == set(ALL)


@pytest.mark.parametrize("run", ALL)
def test_golden_run_is_anchored_by_the_head_kept_with_the_tests(run: str) -> None:
    result = verify(KEPT / run, HEADS[run])
    assert result.problems == []
    assert result.level == "anchored"


def test_levels_and_tombstones() -> None:
    results, problems = verify_all(KEPT)
    assert problems == []
    levels = {result.run: (result.level, result.tombstones) for result in results}
    assert levels == {
        WHOLE: ("sealed", 0),
        PRUNED: ("sealed", 1),
        CUT: ("consistent", 0),
        REAL: ("sealed", 0),
    }


def test_listing() -> None:
    listed = {run.id: (run.text("status"), run.text("attempts")) for run in list_runs(KEPT)}
    assert listed == {
        WHOLE: ("ready", "4"),
        PRUNED: ("ready", "4"),
        CUT: ("open", "0"),
        REAL: ("ready", "5"),
    }


@pytest.mark.parametrize("run", ALL)
def test_every_line_follows_the_schema_of_its_version(run: str) -> None:
    check = jsonschema.Draft202012Validator(schema("event"))
    lines = (KEPT / run / EVENTS).read_text().split("\n")[:-1]
    for line in lines:
        check.validate(json.loads(line))


@pytest.mark.parametrize("run", [WHOLE, REAL])
def test_replay_is_byte_equal(run: str) -> None:
    done = replay(History(Reader(KEPT / run)), {})
    assert done.trees == done.trees_recorded > 0
    assert done.faithful


@pytest.mark.parametrize("run", [WHOLE, REAL])
def test_every_changed_line_resolves(run: str) -> None:
    history = History(Reader(KEPT / run))
    given = history.reader.tree(history.input_tree)
    changed = 0
    for path, text in history.reader.tree(history.final_tree).items():
        lines = blame(history, path)
        assert "".join(line.text for line in lines) == text
        old = set(lines_of(given.get(path, "")))
        for line in lines:
            changed += line.patch is not None
            assert line.text in old or line.patch is not None
            if line.patch is not None and line.patch.answers:
                for motive in account(history, path, line).motives:
                    assert motive.finding.rule
                    assert motive.finding.fingerprint in line.patch.answers
                assert account(history, path, line).motives
    assert changed > 4


@pytest.mark.parametrize("run", [WHOLE, CUT, REAL])
def test_report_and_exports_are_made(run: str) -> None:
    history = History(Reader(KEPT / run))
    assert history.id in page(history)
    for name in exports():
        assert export(history, name)


def test_cut_run_goes_on(runs: Path) -> None:
    with Run.open(runs, CUT, redactor=Redactor()) as run:
        assert run.events[-1].kind == "torn"
        assert run.events[-1].data["bytes"] == 30
        assert run.recorded("verdict", "0/static") is not None
        run.seal("not ready", {"stop": "given up"})
    assert verify(runs / CUT).level == "sealed"


def test_sealed_run_is_opened_without_a_change(runs: Path) -> None:
    before = (runs / REAL / EVENTS).read_bytes()
    Run.open(runs, REAL, redactor=Redactor()).close()
    assert (runs / REAL / EVENTS).read_bytes() == before
    assert verify(runs / REAL).level == "sealed"


def test_what_was_redacted_stays_so() -> None:
    note = next(e for e in Reader(KEPT / CUT).events if e.kind == "note")
    assert note.data["text"] == "a secret [REDACTED:github-token#1] was here"
    assert note.data["redactions"] == {"github-token": 1}

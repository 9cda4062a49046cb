"""replay --dynamic: smoke tests run again in a real sandbox, and what came of it told apart."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sample_run import Recorder, sample_bundle, start_data

from ohgw_agent.cli import main
from ohgw_agent.trace.history import History
from ohgw_agent.trace.reader import Reader
from ohgw_agent.trace.redaction import Redactor
from ohgw_agent.trace.replay import Judge, Step, replay
from ohgw_agent.trace.run import Run
from ohgw_tools.errors import SandboxUnavailable
from ohgw_tools.verdict import Verdict

ROOT = Path(__file__).parents[2]
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The quickstart, repaired and run in bubblewrap."""
    runs = tmp_path_factory.mktemp("replay") / "runs"
    words = ["fix", str(ROOT / "examples" / "quickstart.json"), "--sandbox", "bubblewrap"]
    assert main([*words, "-q", "--runs-dir", str(runs)]) == 0
    return runs


def asked(runs: Path, capsys: Capture, *words: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(["replay", "last", "--runs-dir", str(runs), "--json", *words])
    return code, json.loads(capsys.readouterr().out)


def test_a_real_run_is_run_again_and_every_verdict_holds(recorded: Path, capsys: Capture) -> None:
    code, body = asked(recorded, capsys, "--dynamic")
    assert (code, body["faithful"]) == (0, True)
    assert body["trees"] == body["trees_recorded"] == 5
    (last,) = (step for step in body["steps"] if step["name"] == "v12")
    # The quickstart writes how long it took: its results are never the same to the last byte.
    assert last["outcome"] == "other evidence"
    assert "results.json" in last["detail"]
    assert "packages" not in last["detail"]
    assert body["counts"] == {"identical": 11, "other evidence": 1}


def test_without_a_sandbox_nothing_is_claimed(recorded: Path, capsys: Capture) -> None:
    code, body = asked(recorded, capsys, "--dynamic", "--sandbox", "none")
    assert code == 3
    assert body["counts"]["cannot look"] == 1


def test_a_record_without_its_settings_cannot_be_run_again(recorded: Path, tmp_path: Path) -> None:
    shutil.copytree(recorded, tmp_path / "runs")
    (folder,) = (tmp_path / "runs").glob("2*")
    reader = Reader(folder)
    reader.blobs.remove(str(reader.events[0].data["settings_blob"]))
    assert main(["replay", str(folder), "--dynamic"]) == 5


def test_a_sandbox_is_named_for_a_dynamic_replay_only(recorded: Path) -> None:
    assert main(["replay", "last", "--runs-dir", str(recorded), "--sandbox", "docker"]) == 2


def step(tmp_path: Path, then: Verdict, now: Verdict | Exception) -> Step:
    """Record a sandbox verdict and replay it with a judge that says `now`."""
    bundle = sample_bundle()
    with Run.create(tmp_path / "runs", start_data(bundle), redactor=Redactor()) as run:
        Recorder(run, bundle.derived).verdict(then, bundle.derived)

    def judge(tree: str) -> Verdict:
        if isinstance(now, Exception):
            raise now
        return now

    judges: dict[str, Judge] = {"sandbox": judge}
    (found,) = replay(History(Reader(run.folder)), judges).steps
    return found


def ran(packages: str = "numpy==2.0", code: int = 0, wall: int = 7, **outputs: bytes) -> Verdict:
    steps = [{"name": "smoke", "outcome": "exited", "exit_code": code, "wall_ms": wall}]
    facts = {"wall_ms": wall, "steps": steps, "packages": [packages], "sandbox": "bubblewrap"}
    blobs = {"smoke/stdout": b"loss 0.5", "smoke/.ohgw-observation/1.jsonl": b"%d" % wall}
    return Verdict.of("sandbox", (), facts, {**blobs, **outputs})


def test_times_alone_make_no_difference(tmp_path: Path) -> None:
    assert step(tmp_path, ran(wall=7), ran(wall=9)) == Step("v1", "identical")


@pytest.mark.parametrize(
    ("now", "detail"),
    [
        (ran(packages="numpy==2.1"), "other packages"),
        (ran(code=3), "the program's steps ended otherwise"),
        (ran(model=b"weights"), "1 of 2 kept outputs differ: model"),
        (Verdict.of("sandbox", (), {**ran().facts, "sandbox": "docker"}, dict(ran().blobs)),
         "run in docker, not in bubblewrap"),
    ],
)  # fmt: skip
def test_other_evidence_is_named(tmp_path: Path, now: Verdict, detail: str) -> None:
    assert step(tmp_path, ran(), now) == Step("v1", "other evidence", detail)


def test_another_outcome_is_different_whatever_the_evidence(tmp_path: Path) -> None:
    failed = Verdict(stage="sandbox", status="fail", facts=ran().facts)
    assert step(tmp_path, failed, ran()) == Step("v1", "different", "fail then, pass now")


def test_a_sandbox_that_is_gone_is_no_difference(tmp_path: Path) -> None:
    found = step(tmp_path, ran(), SandboxUnavailable("bubblewrap", "no user namespaces"))
    assert found.outcome == "cannot look"

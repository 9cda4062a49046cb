"""kill -9 at any instant, then `resume`: the same result, and nothing on record is done again."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ohgw_agent.trace.reader import Reader
from ohgw_agent.trace.verification import verify

ROOT = Path(__file__).parents[2]
QUICKSTART = ROOT / "examples" / "quickstart.json"


def command(*arguments):
    return [sys.executable, "-m", "ohgw_agent", *map(str, arguments)]


def fix(runs, *more):
    return command("fix", QUICKSTART, "--runs-dir", runs, "--static-only", "--json", "-q", *more)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    runs = tmp_path_factory.mktemp("whole")
    began = time.monotonic()
    done = subprocess.run(fix(runs), capture_output=True, text=True, cwd=ROOT)
    outcome = json.loads(done.stdout)
    assert (done.returncode, outcome["stop"]) == (0, "ready")
    return outcome, time.monotonic() - began


def finish(runs):
    """Resume the one run below `runs` and return its outcome."""
    (folder,) = [p for p in runs.iterdir() if p.is_dir()]
    done = subprocess.run(
        command("resume", folder.name, "--runs-dir", runs, "--json", "-q"),
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), folder


def steps(folder):
    return [(e.kind, e.step) for e in Reader(folder).events if e.step]


@pytest.mark.parametrize("round_", range(3))
def test_kill_at_a_random_instant(uninterrupted, tmp_path, round_):
    whole, seconds = uninterrupted
    rest = random.Random(round_).uniform(0.35, 1.0) * seconds
    process = subprocess.Popen(fix(tmp_path), stdout=subprocess.DEVNULL, cwd=ROOT)
    time.sleep(rest)
    process.send_signal(signal.SIGKILL)
    process.wait()
    if not any(p.is_dir() and (p / "events.jsonl").exists() for p in tmp_path.iterdir()):
        return  # killed before a run began: nothing was acknowledged, nothing can be lost
    outcome, folder = finish(tmp_path)
    assert outcome["tree"] == whole["tree"]
    assert [a["tree"] for a in outcome["attempts"]] == [a["tree"] for a in whole["attempts"]]
    assert len(steps(folder)) == len(set(steps(folder))), "a recorded step was done again"
    assert verify(folder).level in ("sealed", "anchored")


STOPPER = """
import os, signal, sys
from ohgw_agent.trace import run as module
wanted, kind = sys.argv[1], sys.argv[2]
append = module.Run.append
def stopping(self, kind_, data, *, step=None, **more):
    hit = kind_ == kind and step == sys.argv[3]
    if hit and wanted == "before":
        os.kill(os.getpid(), getattr(signal, sys.argv[4]))
    event = append(self, kind_, data, step=step, **more)
    if hit and wanted == "after":
        os.kill(os.getpid(), getattr(signal, sys.argv[4]))
    return event
module.Run.append = stopping
from ohgw_agent.cli import main
sys.exit(main(sys.argv[5:]))
"""

EVERY_STEP = [
    ("verdict", "0/static"),
    ("attempt", "0/attempt"),
    ("patch", "1/patch"),
    ("verdict", "1/patch"),
    ("verdict", "2/static"),
    ("attempt", "2/attempt"),
    ("patch", "4/patch"),
    ("attempt", "4/attempt"),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("kind", "step"), EVERY_STEP)
def test_kill_beside_every_kind_of_write(uninterrupted, tmp_path, kind, step, when):
    whole, _ = uninterrupted
    arguments = fix(tmp_path)[3:]
    done = subprocess.run(
        [sys.executable, "-c", STOPPER, when, kind, step, "SIGKILL", *arguments],
        capture_output=True,
        cwd=ROOT,
    )
    assert done.returncode == -signal.SIGKILL
    outcome, folder = finish(tmp_path)
    assert outcome["tree"] == whole["tree"]
    assert len(steps(folder)) == len(set(steps(folder)))
    assert [e.kind for e in Reader(folder).events].count("resumed") == 1


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_polite_signal_is_recorded_and_exits_130(uninterrupted, tmp_path, name):
    whole, _ = uninterrupted
    arguments = fix(tmp_path)[3:]
    done = subprocess.run(
        [sys.executable, "-c", STOPPER, "after", "attempt", "1/attempt", name, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 130, done.stderr
    assert json.loads(done.stdout)["stop"] == "interrupted"
    outcome, folder = finish(tmp_path)
    assert outcome["tree"] == whole["tree"]
    assert "interrupted" in [e.kind for e in Reader(folder).events]


def test_a_second_process_is_refused_at_once(tmp_path):
    stopper = STOPPER.replace("os.kill(os.getpid(), getattr(signal, sys.argv[4]))", "pause()")
    stopper = "import time\ndef pause(): print('here', flush=True); time.sleep(60)\n" + stopper
    process = subprocess.Popen(
        [sys.executable, "-c", stopper, "after", "attempt", "1/attempt", "-", *fix(tmp_path)[3:]],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert process.stdout.readline().strip() == "here"
        (folder,) = [p for p in tmp_path.iterdir() if p.is_dir()]
        done = subprocess.run(
            command("resume", folder.name, "--runs-dir", tmp_path),
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
        assert done.returncode == 5
        assert "is being written by process" in done.stderr
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_finished_run_is_told_again_and_not_done_again(uninterrupted, tmp_path):
    subprocess.run(fix(tmp_path), stdout=subprocess.DEVNULL, cwd=ROOT, check=True)
    (folder,) = [p for p in tmp_path.iterdir() if p.is_dir()]
    before = (folder / "events.jsonl").read_bytes()
    outcome, _ = finish(tmp_path)
    assert outcome["tree"] == uninterrupted[0]["tree"]
    assert (folder / "events.jsonl").read_bytes() == before


def test_other_rules_are_refused_unless_forced(tmp_path):
    arguments = fix(tmp_path)[3:]
    subprocess.run(
        [sys.executable, "-c", STOPPER, "after", "attempt", "1/attempt", "SIGKILL", *arguments],
        capture_output=True,
        cwd=ROOT,
    )
    (folder,) = [p for p in tmp_path.iterdir() if p.is_dir()]
    other = (
        "import sys; from ohgw_tools import ruleset; ruleset.digest = lambda: 'f' * 64\n"
        "from ohgw_agent.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    resume = ["resume", folder.name, "--runs-dir", str(tmp_path), "-q", "--json"]
    python = [sys.executable, "-c", other]
    refused = subprocess.run([*python, *resume], capture_output=True, text=True, cwd=ROOT)
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    forced = subprocess.run([*python, *resume, "--force"], capture_output=True, cwd=ROOT)
    assert forced.returncode == 0
    (event,) = [e for e in Reader(folder).events if e.kind == "resumed"]
    assert event.data["changed"] == ["rules_digest"]


def test_the_record_is_for_its_owner_alone(uninterrupted):
    folder = Path(uninterrupted[0]["folder"])
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "events.jsonl").stat().st_mode & 0o077 == 0

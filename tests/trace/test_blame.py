from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path

import pytest
from sample_run import Recorder, edit_away, finish, sample, sample_bundle, start_data, todo_findings

from ohgw_agent.trace.blame import Line, account, blame, follow, lines_of, reply_before
from ohgw_agent.trace.export import export
from ohgw_agent.trace.history import History
from ohgw_agent.trace.judged import Proposed
from ohgw_agent.trace.reader import Reader
from ohgw_agent.trace.redaction import Redactor
from ohgw_agent.trace.report.page import page
from ohgw_agent.trace.run import Run
from ohgw_tools.errors import InputError


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(Reader(sample(tmp_path / "runs")))


def test_each_line_names_its_patch(history: History) -> None:
    found = [
        (line.text, line.patch.id if line.patch else None) for line in blame(history, "src/data.py")
    ]
    assert found == [
        ("import os\n", "p3"),
        ("x = 1\n", None),
        ("z = 3\n", "p4"),
        ("w = 4\n", "p4"),
        ("y = 2\n", None),
    ]


def test_line_leads_to_patch_reply_verdict_finding_rule_and_evidence(history: History) -> None:
    line = blame(history, "src/train.py")[4]
    found = account(history, "src/train.py", line)
    assert line.text == "    os.getcwd()\n"
    (motive,) = found.motives
    assert (motive.said.id, motive.finding.rule) == ("v1", "todo-left")
    assert motive.finding.evidence[0].quote == "    # TODO one"
    assert found.reply is not None
    assert found.reply.kind == "model.reply"
    assert found.reply.seq < found.line.patch.event.seq  # type: ignore[union-attr]


def test_patch_that_names_no_finding_is_called_unmotivated(history: History) -> None:
    line = blame(history, "src/data.py")[2]
    assert account(history, "src/data.py", line).motives == ()


def test_line_of_the_input_has_no_account_to_give(history: History) -> None:
    found = account(history, "src/data.py", blame(history, "src/data.py")[1])
    assert (found.motives, found.reply, found.tried_before) == ((), None, ())


def test_what_was_tried_before_is_told(tmp_path: Path) -> None:
    bundle = sample_bundle()
    with Run.create(tmp_path / "runs", start_data(bundle), redactor=Redactor()) as run:
        recorder = Recorder(run, bundle.derived)
        recorder.judge(bundle.derived, None)
        prints = tuple(f.fingerprint for f in todo_findings(bundle.derived) if "one" in f.subject)
        recorder.refused(edit_away("src/train.py", "nowhere", "x", prints), "not in the file")
        recorder.patch(edit_away("src/train.py", "    # TODO one\n", "    x = 1\n", prints))
        finish(recorder)
    history = History(Reader(run.folder))
    line = blame(history, "src/train.py")[4]
    assert [earlier.id for earlier in account(history, "src/train.py", line).tried_before] == ["p1"]


def test_file_that_is_not_there_is_refused_with_the_names_that_are(history: History) -> None:
    with pytest.raises(InputError, match=r"src/data\.py"):
        blame(history, "src/nothing.py")


def test_every_changed_line_of_the_record_resolves(history: History) -> None:
    given = history.reader.tree(history.input_tree)
    changed = 0
    for path in history.reader.tree(history.final_tree):
        old = set(lines_of(given.get(path, "")))
        for line in blame(history, path):
            if line.text not in old:
                changed += 1
                assert line.patch is not None
                found = account(history, path, line)
                assert found.motives or not line.patch.answers
    assert changed == 5


def git(folder: Path, *words: str) -> str:
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, env=clean, capture_output=True, check=True
    )
    return done.stdout.decode()


def edited(lines: list[str], rng: random.Random) -> list[str]:
    """A few edits as patches make them: lines replaced, put in, taken out."""
    lines = list(lines)
    for _ in range(rng.randint(1, 3)):
        at, size = rng.randrange(len(lines)), rng.randint(1, 4)
        new = [f"    value_{rng.randrange(10**6)} = {rng.randrange(99)}\n" for _ in range(size)]
        kind = rng.choice(("replace", "insert", "remove"))
        if kind == "insert":
            lines[at:at] = new
        elif kind == "replace":
            lines[at : at + size] = new
        elif len(lines) > 60:
            del lines[at : at + size]
    return lines


class Step:
    """What `follow` needs to know of a patch: its name."""

    def __init__(self, name: str) -> None:
        self.id = name


def test_origins_agree_with_git_blame_on_real_code(tmp_path: Path) -> None:
    """The seed's own training script, edited forty times at random places."""
    from ohgw_tools.bundles.bundle_file import load

    seed = Path(__file__).parents[1] / "bundles" / "seed" / "exp-2.bundle.json"
    text = load(seed).derived["src/train.py"]
    rng = random.Random(20261122)
    git(tmp_path, "init", "-q")
    lines = [Line(n, words) for n, words in enumerate(lines_of(text), 1)]
    commits: dict[str, str] = {}
    for step in range(41):
        if step:
            text = "".join(edited(lines_of(text), rng))
            patch: Proposed = Step(f"p{step}")  # type: ignore[assignment]
            lines = follow(lines, text, patch)
        (tmp_path / "train.py").write_text(text)
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-q", "--allow-empty", "-m", "x")
        commits[git(tmp_path, "rev-parse", "HEAD").strip()] = f"p{step}"
    blamed = git(tmp_path, "blame", "--line-porcelain", "train.py").splitlines()
    theirs = [commits[row[:40]] for row in blamed if row[:40] in commits]
    ours = [line.patch.id if line.patch else "p0" for line in lines]
    assert len(ours) == len(theirs) > 150
    agreeing = sum(a == b for a, b in zip(ours, theirs, strict=True))
    assert agreeing / len(ours) >= 0.999


def test_answers_of_one_round_are_told_apart(tmp_path: Path) -> None:
    """Two candidates are asked for at once, judged in the other order; a third answer is none."""
    bundle = sample_bundle()
    with Run.create(tmp_path / "runs", start_data(bundle), redactor=Redactor()) as run:
        recorder = Recorder(run, bundle.derived)
        recorder.judge(bundle.derived, None)
        for slot, words in enumerate(("first", "second", "third")):
            asked = {"key": words, "purpose": "propose", "model": "m", "prompt_blob": b"{}"}
            seq = run.append("model.request", asked | ({"slot": slot} if slot else {})).seq
            said = {"key": words, "model": "m", "reply_blob": words.encode()}
            run.append("model.reply", said, actor="model:m", cause=(seq,))
        asked = {"key": "r", "purpose": "review", "model": "m", "prompt_blob": b"{}"}
        seq = run.append("model.request", asked).seq
        run.append("model.reply", {"key": "r", "model": "m", "reply_blob": b"r"}, cause=(seq,))
        run.append("round", {"attempt": 1, "candidates": 3, "asked": 3, "origins": []})
        for attempt, patch in ((2, edit_away("src/data.py", "x = 1", "x = 2", ())), (3, None)):
            data = {
                "attempt": attempt, "base_tree": bundle.derived, "result_tree": None,
                "origin": patch.origin if patch else "", "answers": [], "edits": 0,
                "patch_blob": patch.model_dump_json().encode() if patch else None, "refusals": [],
            }  # fmt: skip
            run.append("patch", data)
    history = History(Reader(run.folder))
    answers = [reply_before(history, patch) for patch in history.patches.values()]
    assert [reply.data["key"] for reply in answers if reply] == ["second", "third"]
    calls = [step for step in json.loads(export(history, "atif"))["steps"] if step.get("metrics")]
    named = [call["tool_call_id"] for step in calls for call in step.get("tool_calls", [])]
    assert (len(calls), named) == (4, ["p2", "p3"])
    assert "Patch p3 from m" in page(history)

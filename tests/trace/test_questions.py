"""ls, show, diff, replay, redact, prune: asked through the command line, as a user would."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from sample_run import Recorder, edit_away, finish, record_rounds, sample, sample_bundle, start_data

from ohgw_agent.cli import main
from ohgw_agent.trace.difference import compare
from ohgw_agent.trace.history import History
from ohgw_agent.trace.reader import EVENTS, Reader
from ohgw_agent.trace.redaction import Redactor
from ohgw_agent.trace.replay import classify, replay, static_judge
from ohgw_agent.trace.run import Run
from ohgw_agent.trace.verification import verify
from ohgw_tools.check import check
from ohgw_tools.contract import Contract
from ohgw_tools.verdict import Verdict

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OHGW_RUNS_DIR", str(tmp_path / "runs"))
    return tmp_path / "runs"


def ids(runs: Path, capsys: Capture, *words: str) -> list[str]:
    assert main(["runs", "ls", "--json", *words]) == 0
    return [row["id"] for row in json.loads(capsys.readouterr().out)["runs"]]


def unfinished(runs: Path) -> Path:
    with Run.create(runs, start_data(sample_bundle()), redactor=Redactor()) as run:
        Recorder(run, sample_bundle().derived).judge(sample_bundle().derived, None)
    return run.folder


def test_ls_filters(runs: Path, capsys: Capture) -> None:
    done, cut = sample(runs).name, unfinished(runs).name
    assert ids(runs, capsys) == sorted([done, cut], reverse=True)
    assert ids(runs, capsys, "--status", "ready") == [done]
    assert ids(runs, capsys, "--status", "open") == [cut]
    assert set(ids(runs, capsys, "--rule", "todo")) == {done, cut}
    assert ids(runs, capsys, "--rule", "no-such-rule") == []
    assert set(ids(runs, capsys, "--model", "scripted")) == {done, cut}
    assert set(ids(runs, capsys, "--bundle", "exp-sample")) == {done, cut}
    assert ids(runs, capsys, "--since", "2000-01-01", "--limit", "1") == [max(done, cut)]
    assert ids(runs, capsys, "--since", "2999-01-01") == []
    assert set(ids(runs, capsys, "--since", "1h")) == {done, cut}
    assert ids(runs, capsys, "--text", "EPOCH 1 LOSS") == [done]


def test_ls_says_what_it_cannot_read(runs: Path, capsys: Capture) -> None:
    folder = sample(runs)
    (folder / "run.json").write_text("{")
    empty = runs / "20261122T150000Z-00000000"
    empty.mkdir()
    (empty / EVENTS).touch()
    assert main(["runs", "ls"]) == 0
    shown = capsys.readouterr().out
    assert "run.json cannot be read" in shown
    assert "killed before its first event" in shown


def test_ls_refuses_a_time_that_is_none(runs: Path, capsys: Capture) -> None:
    sample(runs)
    assert main(["runs", "ls", "--since", "soon"]) == 2
    assert "90m or 7d" in capsys.readouterr().err


def test_show_and_one_verdict(runs: Path, capsys: Capture) -> None:
    sample(runs)
    assert main(["runs", "show", "last"]) == 0
    shown = capsys.readouterr().out
    assert "refused: no-match: the text is not in the file" in shown
    assert "1 mended, 0 new, 2 left" in shown
    assert main(["runs", "show", "last", "--verdict", "1"]) == 0
    assert "src/train.py:5:1: error [todo-left]" in capsys.readouterr().out
    assert main(["runs", "show", "last", "--verdict", "99"]) == 2
    assert "verdicts 1 to 9" in capsys.readouterr().err


def test_show_of_a_run_that_was_cut_off(runs: Path, capsys: Capture) -> None:
    unfinished(runs)
    assert main(["runs", "show", "last"]) == 0
    assert "`ohgw-agent resume` goes on" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["runs", "show", "last"],
        ["runs", "show", "last", "--verdict", "1"],
        ["runs", "ls"],
        ["runs", "show", "last", "--events"],
        ["blame", "last", "src/train.py"],
        ["blame", "last", "src/train.py:5"],
        ["verify", "last"],
        ["runs", "diff", "last", "last"],
    ],
)
def test_hostile_words_do_not_reach_the_terminal(
    runs: Path, capsys: Capture, words: list[str]
) -> None:
    bundle = sample_bundle()
    evil = "\x1b]0;owned\x07\x1b[2J\u202e\x9b31m"
    experiment = bundle.experiment.model_copy(update={"id": f"exp{evil}"})
    derived = bundle.derived.with_file("src/train.py", f"a\nb\nc\nd\n# TODO {evil}\n")
    bundle = bundle.model_copy(update={"experiment": experiment, "derived": derived})
    with Run.create(runs, start_data(bundle), redactor=Redactor()) as run:
        recorder = Recorder(run, derived)
        recorder.judge(derived, None)
        recorder.refused(edit_away("src/train.py", f"x{evil}", evil, ()), f"not there {evil}")
        patch = edit_away("src/train.py", "b\n", f"b = '{evil}'\n", ())
        recorder.patch(patch)
        finish(recorder)
    main(words)
    shown = capsys.readouterr().out
    assert shown
    assert not set(shown) & set("\x1b\x07\x9b\u202e")


def test_diff_of_a_run_with_its_like(runs: Path) -> None:
    first, second = History(Reader(sample(runs))), History(Reader(sample(runs)))
    found = compare(first, second)
    assert found.same
    assert (found.settings, found.fixed, found.new, found.regressed) == ({}, (), (), ())


def test_diff_names_where_runs_part_and_what_each_mended(runs: Path, capsys: Capture) -> None:
    bundle = sample_bundle()
    a = sample(runs)
    with Run.create(runs, start_data(bundle) | {"sandbox": "docker"}, redactor=Redactor()) as run:
        recorder = Recorder(run, bundle.derived)
        recorder.judge(bundle.derived, None)
        recorder.patch(edit_away("src/train.py", "    # TODO one", "    # done", ()))
        recorder.patch(edit_away("src/data.py", "# TODO two\n", "", ()))
        finish(recorder)
    found = compare(History(Reader(a)), History(Reader(run.folder)))
    assert found.settings == {"sandbox": ("bubblewrap", "docker")}
    assert found.parted == 1
    assert "other trees" in found.parted_in
    assert [f.subject for f in found.regressed] == ["# TODO three"]
    assert (found.fixed, found.new) == ((), ())
    back = compare(History(Reader(run.folder)), History(Reader(a)))
    assert [f.subject for f in back.fixed] == ["# TODO three"]
    assert main(["runs", "diff", a.name, run.id]) == 1
    assert "back in B" in capsys.readouterr().out


def test_replay_rebuilds_every_tree(runs: Path, capsys: Capture) -> None:
    history = History(Reader(sample(runs)))
    done = replay(history, {})
    assert (done.trees, done.trees_recorded, done.faithful) == (3, 3, True)
    assert done.counts["not replayed"] == 5
    assert main(["replay", "last", "--trees"]) == 0
    assert "3 of 3 trees" in capsys.readouterr().out


def test_replay_judges_again_and_classifies(runs: Path) -> None:
    """The real static judge on both sides: recorded then, asked again now."""
    bundle = sample_bundle()
    contract = Contract.load("base-derived")
    with Run.create(runs, start_data(bundle), redactor=Redactor()) as run:
        recorder = Recorder(run, bundle.derived)
        recorder.verdict(check(bundle, contract), bundle.derived)
    history = History(Reader(run.folder))
    (step,) = replay(history, {"static": static_judge(history)}).steps
    assert (step.name, step.outcome) == ("v1", "identical")


def test_verdicts_that_differ_are_put_in_their_classes(runs: Path) -> None:
    said = History(Reader(sample(runs))).verdicts[0].verdict
    reworded = tuple(f.model_copy(update={"message": "other"}) for f in said.findings)
    assert classify(said, said)[0] == "identical"
    assert classify(said, Verdict.of("static", reworded))[0] == "other evidence"
    assert classify(said, Verdict.of("static", said.findings[1:]))[0] == "different"
    assert classify(said, Verdict(stage="static", status="pass"))[0] == "different"
    unable = Verdict(stage="static", status="undecided", reason="no sandbox")
    assert classify(said, unable) == ("cannot look", "no sandbox")
    assert classify(unable, unable)[0] == "identical"


def test_replay_finds_a_tree_that_its_patch_does_not_make(runs: Path) -> None:
    bundle = sample_bundle()
    with Run.create(runs, start_data(bundle), redactor=Redactor()) as run:
        patch = edit_away("src/train.py", "    # TODO one", "    # done", ())
        data = {
            "attempt": 1, "patch_blob": patch.model_dump_json().encode(), "origin": "scripted",
            "base_tree": bundle.derived, "result_tree": bundle.derived.with_file("x.py", ""),
            "answers": [], "edits": 1, "refusals": [],
        }  # fmt: skip
        run.append("patch", data)
    done = replay(History(Reader(run.folder)), {})
    assert not done.faithful
    assert done.steps[0].outcome == "different"
    assert main(["replay", "last", "--trees"]) == 1


def test_redact_removes_contents_and_leaves_a_tombstone(
    runs: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = sample(runs)
    secret = "# TODO three"
    monkeypatch.setattr("sys.stdin", io.StringIO(secret + "\n"))
    before = (folder / EVENTS).read_bytes()
    assert main(["runs", "redact", "last"]) == 0
    assert "give --yes" in capsys.readouterr().out
    assert (folder / EVENTS).read_bytes() == before
    monkeypatch.setenv("A_SECRET", secret)
    assert (
        main(["runs", "redact", "last", "--from-env", "A_SECRET", "--yes", "--author", "me"]) == 0
    )
    capsys.readouterr()
    blobs = Reader(folder).blobs
    contents = [blobs.get(digest) for digest in blobs]
    contents += [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert not any(secret.encode() in content for content in contents)
    result = verify(folder)
    assert result.level == "sealed"
    assert result.tombstones > 0
    assert main(["runs", "show", "last", "--verdict", "1"]) == 5
    assert "is missing" in capsys.readouterr().err


def test_redact_says_that_a_line_cannot_be_changed(
    runs: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample(runs)
    monkeypatch.setenv("A_SECRET", "every required stage passed")
    assert main(["runs", "redact", "last", "--from-env", "A_SECRET", "--yes"]) == 1
    assert "cannot go without breaking the chain" in capsys.readouterr().out
    assert verify(Reader(next(runs.glob("2*"))).folder).level == "sealed"


def test_prune_keeps_lines_and_seals(runs: Path, capsys: Capture) -> None:
    old, new, cut = sample(runs), sample(runs), unfinished(runs)
    ordered = sorted([old, new])
    assert main(["runs", "prune", "--keep", "1"]) == 0
    assert any(Reader(ordered[0]).blobs)
    assert main(["runs", "prune", "--keep", "0", "--older-than", "1d", "--yes"]) == 0
    assert any(Reader(ordered[0]).blobs)
    newest_two = sorted([old, new, cut])[1:]
    assert main(["runs", "prune", "--keep", "2", "--yes"]) == 0
    first = sorted([old, new, cut])[0]
    if first != cut:
        assert not list(Reader(first).blobs)
        result = verify(first)
        assert (result.level, result.tombstones > 10) == ("sealed", True)
    assert all(any(Reader(folder).blobs) for folder in newest_two)
    assert main(["runs", "prune"]) == 2
    assert "--keep N" in capsys.readouterr().err


def test_kill_between_tombstone_and_removal_is_made_good_by_the_next_call(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ohgw_agent.trace import erasure

    folder = sample(runs)
    blobs = Reader(folder).blobs
    digests = list(blobs)
    with monkeypatch.context() as patched:
        patched.setattr("ohgw_agent.trace.blobs.Blobs.remove", lambda self, digest: os.kill)
        with pytest.raises(TypeError):
            erasure.remove(runs, folder.name, digests, "test", "me")
    assert verify(folder).level == "sealed"
    assert list(blobs) == digests
    assert erasure.remove(runs, folder.name, digests, "test", "me") > 0
    assert list(blobs) == []
    assert len(Reader(folder).of_kind("tombstone")) == 1


def test_show_json_is_one_object_with_all_findings(runs: Path, capsys: Capture) -> None:
    sample(runs)
    assert main(["runs", "show", "last", "--json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert [len(a["verdicts"]) for a in body["attempts"]] == [1, 2, 1, 2, 3]
    assert body["attempts"][0]["verdicts"][0]["findings"][0]["rule"] == "todo-left"


def test_blame_json_resolves_each_line(runs: Path, capsys: Capture) -> None:
    sample(runs)
    assert main(["blame", "last", "src/data.py", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["lines"]
    assert [row["origin"] for row in rows][:2] == ["chat:scripted-model", "input"]
    assert rows[0]["answers"][0]["evidence"][0]["quote"] == "# TODO two"
    assert rows[2]["unmotivated"] is True


def test_rounds_are_what_the_tests_take_them_for(runs: Path) -> None:
    bundle = sample_bundle()
    with Run.create(runs, start_data(bundle), redactor=Redactor()) as run:
        recorder = Recorder(run, bundle.derived)
        record_rounds(recorder)
        assert recorder.best is not None
        assert recorder.best.status == "ready"


@pytest.mark.parametrize("cheat", [True, False])
def test_replay_asks_the_guard_again(runs: Path, cheat: bool) -> None:
    """A patch that takes a run variation away applies; the guard refused it, and must again."""
    bundle = sample_bundle()
    path, search = (
        ("config/smoke_test.yaml", "  - run_id: a\n") if cheat else ("src/data.py", "# TODO two\n")
    )
    replacement = "  - run_id: b\n" if cheat else "import os\n"
    patch = edit_away(path, search, replacement, ())
    with Run.create(runs, start_data(bundle), redactor=Redactor()) as run:
        data = {
            "attempt": 1, "patch_blob": patch.model_dump_json().encode(), "origin": "scripted",
            "base_tree": bundle.derived, "result_tree": None, "answers": [], "edits": 1,
            "refusals": [{"code": "lost-variation", "message": "gone", "path": path}],
        }  # fmt: skip
        run.append("patch", data)
    (step,) = replay(History(Reader(run.folder)), {}).steps
    assert step.outcome == ("identical" if cheat else "different")
    assert "guard" in step.detail or not cheat

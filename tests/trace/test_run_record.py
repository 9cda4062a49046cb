from __future__ import annotations

import gzip
import json
import os
import random
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from sample_run import Recorder, finish, record_rounds, sample, sample_bundle, start_data

from ohgw_agent.trace.event import GENESIS
from ohgw_agent.trace.reader import EVENTS, Reader
from ohgw_agent.trace.redaction import Redactor
from ohgw_agent.trace.run import Run
from ohgw_agent.trace.verification import verify
from ohgw_tools.errors import InputError, RunBusy, TraceDamaged, TraceError
from ohgw_tools.tree import Tree, sha256


def lines_of(folder: Path) -> list[bytes]:
    return (folder / EVENTS).read_bytes().split(b"\n")[:-1]


def test_each_line_cites_the_one_before_it_and_is_plain_ascii(tmp_path: Path) -> None:
    folder = sample(tmp_path / "runs")
    prev = GENESIS
    for number, line in enumerate(lines_of(folder)):
        body = json.loads(line)
        assert line.isascii()
        assert list(body) == sorted(body)
        assert (body["seq"], body["prev"], body["v"]) == (number, prev, 1)
        prev = sha256(line)


def test_run_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    folder = sample(tmp_path / "runs")
    assert (tmp_path / "runs").stat().st_mode & 0o777 == 0o700
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in folder.rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o077 == 0, path
    assert (tmp_path / "runs" / ".gitignore").read_text() == "*\n"


def test_second_writer_is_refused_at_once(tmp_path: Path) -> None:
    with Run.create(tmp_path / "runs", {}, redactor=Redactor()) as run:
        with pytest.raises(RunBusy, match=f"process {os.getpid()}"):
            Run.open(tmp_path / "runs", run.id)
        size = (run.folder / EVENTS).stat().st_size
    with Run.open(tmp_path / "runs", run.id) as again:
        assert (again.folder / EVENTS).stat().st_size == size


def test_second_process_is_refused(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from ohgw_agent.trace.run import Run\n"
        "from ohgw_tools.errors import RunBusy\n"
        "try:\n    Run.open(Path(sys.argv[1]), 'last')\n"
        "except RunBusy:\n    sys.exit(77)\n"
    )
    with Run.create(tmp_path / "runs", {}):
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "runs")], check=False)
    assert done.returncode == 77


def test_recorded_results_are_found_by_step_and_by_key(tmp_path: Path) -> None:
    folder = sample(tmp_path / "runs")
    with Run.open(tmp_path / "runs", folder.name) as run:
        verdict = run.recorded("verdict", "1/static")
        assert verdict is not None
        assert verdict.data["attempt"] == 1
        assert run.recorded("verdict", "9/static") is None
        key = run.events[3].data["key"]
        reply = run.find("model.reply", "key", key)
        assert reply is not None
        assert run.find("model.reply", "key", "no such key") is None


@pytest.mark.parametrize("value", [1.5, float("nan"), {"deep": [1, 0.25]}, object(), {1, 2}])
def test_inexact_and_foreign_values_are_refused_and_nothing_is_written(
    tmp_path: Path, value: object
) -> None:
    with Run.create(tmp_path / "runs", {}) as run:
        with pytest.raises(TraceError, match=r"data\.value"):
            run.append("note", {"value": value})
        assert len(lines_of(run.folder)) == 1
        assert run.append("note", {"text": "goes on"}).seq == 1


def test_bytes_and_trees_become_digests_and_come_back(tmp_path: Path) -> None:
    tree = Tree({"a.py": "x = 'é'\n", "b/c.py": ""})
    with Run.create(tmp_path / "runs", {}, redactor=Redactor()) as run:
        event = run.append(
            "patch", {"result_tree": tree, "patch_blob": b"\xff\x00", "blobs": {"x": b"y"}}
        )
        assert event.data["result_tree"] == tree.digest
        assert run.blobs.get(str(event.data["patch_blob"])) == b"\xff\x00"
        assert event.data["blobs"] == {"x": sha256(b"y")}
    assert Reader(run.folder).tree(tree.digest) == tree


def test_long_strings_are_kept_whole_beside_the_event(tmp_path: Path) -> None:
    words = "long " * 1000
    with Run.create(tmp_path / "runs", {}, redactor=Redactor()) as run:
        event = run.append("note", {"text": words})
        shown = str(event.data["text"])
        assert len(shown) < 1200
        assert shown.endswith("5000 characters]")
        assert run.blobs.get(sha256(words.encode())) == words.encode()
    assert verify(run.folder).level == "consistent"
    run.blobs.remove(sha256(words.encode()))
    assert verify(run.folder).level == "damaged"


@pytest.mark.parametrize("cut", range(1, 150, 7))
def test_torn_tail_is_set_aside_and_nothing_before_it_is_lost(tmp_path: Path, cut: int) -> None:
    with Run.create(tmp_path / "runs", {}) as run:
        run.append("note", {"text": "kept"})
        run.append("note", {"text": "torn " * 20})
    whole = lines_of(run.folder)
    torn = whole[2][: min(cut, len(whole[2]))]
    (run.folder / EVENTS).write_bytes(b"\n".join(whole[:2]) + b"\n" + torn)
    with Run.open(tmp_path / "runs", run.id) as again:
        assert [e.kind for e in again.events] == ["run.start", "note", "torn"]
        assert again.events[2].data == {"bytes": len(torn), "torn_sha256": sha256(torn)}
    assert (run.folder / "events.jsonl.torn").read_bytes() == torn + b"\n"
    assert verify(run.folder).level == "consistent"


def test_altered_line_is_damage_not_a_torn_tail(tmp_path: Path) -> None:
    folder = sample(tmp_path / "runs")
    lines = lines_of(folder)
    lines[3] = lines[3].replace(b"propose", b"PROPOSE")
    content = b"\n".join(lines) + b"\n"
    (folder / EVENTS).write_bytes(content)
    with pytest.raises(TraceDamaged, match=r"events\.jsonl:5"):
        Run.open(tmp_path / "runs", folder.name)
    assert (folder / EVENTS).read_bytes() == content


def test_newer_form_is_refused_with_a_word_on_what_to_do(tmp_path: Path) -> None:
    with Run.create(tmp_path / "runs", {}) as run:
        pass
    line = lines_of(run.folder)[0].replace(b'"v":1}', b'"v":2}')
    (run.folder / EVENTS).write_bytes(line + b"\n")
    with pytest.raises(TraceError, match="use the release that wrote it"):
        Run.open(tmp_path / "runs", run.id)


def test_unknown_kinds_are_kept(tmp_path: Path) -> None:
    with Run.create(tmp_path / "runs", {}) as run:
        run.append("kind.of.the.future", {"anything": [1, None, True]})
    assert Reader(run.folder).events[1].data == {"anything": [1, None, True]}


def test_full_disk_stops_the_run_and_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """A file-size limit makes `write` fall short in the middle of a line, as a full disk does."""
    code = (
        "import resource, signal, sys\nfrom pathlib import Path\n"
        "from ohgw_agent.trace.run import Run\nfrom ohgw_tools.errors import TraceError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "run = Run.create(Path(sys.argv[1]), {})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))\n"
        "done = 0\n"
        "try:\n    while True:\n        run.append('note', {'text': 'x' * 200}); done += 1\n"
        "except TraceError as error:\n    print(done, '|', error)\n"
        "try:\n    run.append('note', {})\n"
        "except TraceError as error:\n    print(error)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "runs")]
    first, second = subprocess.run(
        command, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    acknowledged = int(first.split(" | ")[0])
    assert acknowledged > 3
    assert "bytes could be written" in first
    assert "earlier write failed" in second
    with Run.open(tmp_path / "runs", "last") as run:
        kinds = [event.kind for event in run.events]
        assert kinds == ["run.start", *["note"] * acknowledged, "torn"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_interrupt_between_write_and_bookkeeping_does_not_break_the_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Run.create(tmp_path / "runs", {}) as run:
        take = Run._take

        def interrupted(self: Run, event: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(Run, "_take", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run.append("note", {"text": "written, not booked"})
        monkeypatch.setattr(Run, "_take", take)
        run.append("interrupted", {"signal": "SIGINT"})
    assert [e.kind for e in Reader(run.folder).events] == ["run.start", "note", "interrupted"]


def test_sealed_run_goes_on_and_is_sealed_again(tmp_path: Path) -> None:
    folder = sample(tmp_path / "runs")
    with Run.open(tmp_path / "runs", folder.name) as run:
        assert run.ended is not None
        run.append("resumed", {"from_seq": run.events[-1].seq, "changed": []})
        assert run.ended is None
        run.seal("ready", {"stop": "ready"})
    assert verify(folder).level == "sealed"
    assert (tmp_path / "runs" / "index.jsonl").read_text().count("\n") == 2


def test_seal_that_a_kill_cut_short_is_completed_on_opening(tmp_path: Path) -> None:
    folder = sample(tmp_path / "runs")
    (tmp_path / "runs" / "index.jsonl").unlink()
    (folder / "run.json").unlink()
    Run.open(tmp_path / "runs", folder.name).close()
    assert verify(folder).level == "sealed"


def test_time_counts_sessions_not_the_gaps_between_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("ohgw_agent.trace.run.time.monotonic", lambda: clock[0])
    with Run.create(tmp_path / "runs", {}) as run:
        clock[0] += 2
        run.append("note", {})
        assert run.elapsed_ms == 2000
    clock[0] += 5000
    with Run.open(tmp_path / "runs", run.id) as again:
        assert again.elapsed_ms == 2000
        clock[0] += 1.5
        assert again.append("note", {}).mono_ms == 3500


def test_run_ids_may_be_shortened_only_if_one_is_meant(tmp_path: Path) -> None:
    first, second = sample(tmp_path / "runs"), sample(tmp_path / "runs")
    with Run.open(tmp_path / "runs", first.name[-8:]) as run:
        assert run.id == first.name
    with Run.open(tmp_path / "runs", "last") as run:
        assert run.id == second.name
    with pytest.raises(InputError, match="means 2 runs"):
        Run.open(tmp_path / "runs", "2")
    with pytest.raises(InputError, match="runs ls"):
        Run.open(tmp_path / "runs", "nothing")


def test_killed_before_the_first_event_is_said_clearly(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "20261122T150000Z-00000000"
    folder.mkdir(parents=True)
    (folder / EVENTS).write_bytes(b'{"half')
    with pytest.raises(InputError, match="before its first event"):
        Run.open(tmp_path / "runs", folder.name)


def test_steps_are_recorded_the_same_in_two_runs(tmp_path: Path) -> None:
    bundle = sample_bundle()
    trees = []
    for name in ("one", "two"):
        with Run.create(tmp_path / name, start_data(bundle)) as run:
            recorder = Recorder(run, bundle.derived)
            record_rounds(recorder)
            finish(recorder)
            trees.append(recorder.tree.digest)
    assert trees[0] == trees[1]


def test_large_contents_take_fewer_blocks_and_come_back_as_they_were(tmp_path: Path) -> None:
    with Run.create(tmp_path / "runs", {}, redactor=Redactor()) as run:
        large, small, noise = b"line of text\n" * 5000, b"small", random.Random(1).randbytes(50_000)
        digests = [run.blobs.put(content) for content in (large, small, noise)]
        assert digests == [sha256(content) for content in (large, small, noise)]
        assert [run.blobs.get(digest) for digest in digests] == [large, small, noise]
        assert [run.blobs.path(digest).suffix for digest in digests] == [".gz", "", ""]
        assert run.blobs.size(digests[0]) < 4096
        assert sorted(run.blobs) == sorted(digests)


def test_packed_bomb_is_damage_not_a_flood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ohgw_agent.trace.blobs.MOST", 100_000)
    with Run.create(tmp_path / "runs", {}, redactor=Redactor()) as run:
        digest = run.blobs.put(b"a" * 50_000)
        run.blobs.path(digest).write_bytes(gzip.compress(b"a" * 10_000_000))
        with pytest.raises(TraceDamaged, match="does not end"):
            run.blobs.get(digest)

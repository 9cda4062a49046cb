"""Records and results on storage that another machine reaches: any address that fsspec knows."""

import json
import os
import signal
import subprocess
import time

import pytest
from test_batch import MEND, ROOT, Say, ScriptedServer, batch, command, make, model, rows

from ohgw_agent.batch.shelf import Shelf
from ohgw_agent.trace.reader import Reader
from ohgw_tools.errors import InputError, TraceDamaged, TraceError

pytestmark = pytest.mark.ray  # which brings fsspec


def most_nearly_done(process, results, count):
    """Wait until a running batch has written so many results."""
    deadline = time.monotonic() + 120
    while not (results.exists() and results.read_bytes().count(b"\n") >= count):
        assert process.poll() is None, "the batch ended too soon"
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_another_machine_goes_on_from_the_store_and_pays_nothing_twice(tmp_path):
    paths = make(tmp_path, 6)
    store = (tmp_path / "store").as_uri()
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    with ScriptedServer(lambda request: Say(text=MEND, delay=0.3)) as server:
        process = subprocess.Popen(
            command(paths, first, *model(server), "-j", 2, "--model-calls", 1, "--store", store),
            cwd=ROOT,
            env={**os.environ, "OPENAI_API_KEY": "k"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        most_nearly_done(process, first / "results.jsonl", 3)
        process.send_signal(signal.SIGKILL)
        process.wait()
        finished = len(list((tmp_path / "store" / "rows").glob("*/*.json")))
        # Answers that were on the shelf when the command died are not asked for again.
        kept = {path.stem for path in (tmp_path / "store" / "replies").iterdir()}
        asked = len(server.requests)
        summary = batch(paths, second, *model(server), "--store", store, OPENAI_API_KEY="k")
        again = len(server.requests) - asked
    assert summary["ready"] == 6
    assert summary["skipped"] == finished >= 2
    assert again == 6 - len(kept)
    assert len(rows(second)) == 6
    for facts in map(json.loads, (second / "results.jsonl.facts").open()):
        stored = tmp_path / "store" / "runs" / facts["run"]
        assert Reader(stored).of_kind("run.end")
    for row in rows(second):
        assert (tmp_path / "store" / row["output"]).exists()


def test_a_store_is_written_whole_and_only_what_changed(tmp_path):
    run = tmp_path / "runs" / "r1"
    (run / "blobs" / "sha256").mkdir(parents=True)
    (run / "events.jsonl").write_text("one\n")
    (run / "blobs" / "sha256" / "aa").write_text("content")
    (run / "lock").write_text("1")
    url = "memory://ohgw-test/runs"
    shelf = Shelf(url)
    written = []
    put = shelf.put
    shelf.put = lambda name, content: (written.append(name), put(name, content))
    shelf.push(run)
    assert written == ["runs/r1/blobs/sha256/aa", "runs/r1/events.jsonl"]
    shelf.push(run)
    assert len(written) == 2
    (run / "events.jsonl").write_text("one\ntwo\n")
    shelf.push(run)
    assert written[2:] == ["runs/r1/events.jsonl"]
    Shelf(url).fetch(tmp_path / "elsewhere", "r1")
    assert (tmp_path / "elsewhere" / "r1" / "events.jsonl").read_text() == "one\ntwo\n"
    assert (tmp_path / "elsewhere" / "r1" / "blobs" / "sha256" / "aa").read_text() == "content"


def test_a_store_that_names_places_outside_of_a_run_is_refused(tmp_path, monkeypatch):
    shelf = Shelf("memory://ohgw-hostile")
    shelf.put("runs/r2/events.jsonl", b"x")
    found = ["/ohgw-hostile/runs/r2/../../../evil"]
    monkeypatch.setattr(shelf._files, "find", lambda source: found)
    with pytest.raises(TraceDamaged, match="outside"):
        shelf.fetch(tmp_path, "r2")


def test_lines_and_replies_are_kept(tmp_path):
    shelf = Shelf("memory://ohgw-lines")
    assert shelf.reply("k") is None
    assert list(shelf.kept("rows", "c")) == []
    shelf.keep_reply("k", '{"text": "x"}')
    shelf.keep("rows", "c", "d1", {"digest": "d1", "stop": "ready"})
    again = Shelf("memory://ohgw-lines")
    assert again.reply("k") == '{"text": "x"}'
    assert [row["digest"] for row in again.kept("rows", "c")] == ["d1"]


def test_an_address_that_nobody_knows():
    with pytest.raises(InputError, match="no-such"):
        Shelf("no-such://x")


class Unreachable:
    """Storage that raises what only it knows, as clients of object stores do."""

    def __getattr__(self, name):
        def call(*_, **__):
            raise LookupError("no credentials")

        return call


@pytest.mark.parametrize(
    "ask",
    [
        lambda shelf, folder: shelf.reply("k"),
        lambda shelf, folder: shelf.put("a/b", b"x"),
        lambda shelf, folder: list(shelf.kept("rows", "c")),
        lambda shelf, folder: shelf.fetch(folder, "r1"),
    ],
)
def test_what_storage_raises_is_said_in_our_words(tmp_path, monkeypatch, ask):
    shelf = Shelf("memory://ohgw-unreachable")
    monkeypatch.setattr(shelf, "_files", Unreachable())
    with pytest.raises(TraceError, match="ohgw-unreachable: LookupError: no credentials"):
        ask(shelf, tmp_path)

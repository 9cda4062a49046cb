"""The files of results: what a kill leaves is mended, what is not ours is refused."""

import json
import os

import pytest

from ohgw_agent.batch.item import Item
from ohgw_agent.batch.results import Results
from ohgw_tools.errors import InputError, RunBusy


def test_results_that_cannot_be_used_and_two_batches_at_once_are_refused(tmp_path):
    junk = tmp_path / "junk.jsonl"
    junk.write_text("no results\n")
    for results, code, why in ((junk, 2, "not a file of results"), (tmp_path, 2, "directory")):
        with pytest.raises(InputError, match=why) as refused:
            Results(results, "c")
        assert refused.value.exit_code == code
    assert junk.read_text() == "no results\n"
    good = tmp_path / "results.jsonl"
    first = Results(good, "c")
    with pytest.raises(RunBusy, match=f"process {os.getpid()}"):
        Results(good, "c")
    first.close()
    Results(good, "c").close()


def test_a_line_that_a_kill_cut_off_is_taken_away(tmp_path):
    path = tmp_path / "results.jsonl"
    row = {"bundle": "a", "digest": "d1", "configuration": "c", "stop": "ready"}
    results = Results(path, "c")
    results.add(row)
    results.close()
    with path.open("a") as file:
        file.write('{"bundle": "b", "dig')
    results = Results(path, "c")
    assert results.finished("d1", "c") == row
    results.add({**row, "digest": "d2", "stop": "could not run"})
    assert results.finished("d2", "c") is None
    results.close()
    assert [json.loads(line)["digest"] for line in path.open()] == ["d1", "d2"]


def test_a_batch_that_has_ended_is_in_the_order_of_its_list(tmp_path):
    path = tmp_path / "results.jsonl"
    results = Results(path, "c")
    for digest, stop in (("d2", "could not run"), ("d1", "ready"), ("d2", "ready")):
        row = {"bundle": f"{digest}.json", "digest": digest, "configuration": "c", "stop": stop}
        results.add(row, {"seconds": 1.0})
    other = {"bundle": "x", "digest": "d9", "configuration": "other", "stop": "ready"}
    results.add(other)
    places = [("d1", "d1.json"), ("d2", "d2.json"), ("d1", "twin.json")]
    rows = results.settle([Item(place=place, digest=digest) for digest, place in places])
    results.close()
    assert [(r["bundle"], r["stop"]) for r in rows] == [
        ("d1.json", "ready"),
        ("d2.json", "ready"),
        ("twin.json", "ready"),
    ]
    assert [json.loads(line) for line in path.open()] == [other, *rows]
    assert b"seconds" not in path.read_bytes()

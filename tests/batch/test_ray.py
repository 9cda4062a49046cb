"""The same batch on a Ray cluster: three nodes on this machine, one killed in the middle."""

import json
import os
import subprocess
import sys
import types

import pytest
from ray_cluster import SETTINGS, running
from test_batch import MEND, Say, ScriptedServer, batch, command, make, model, rows
from test_store import most_nearly_done

from ohgw_agent.batch import host
from ohgw_agent.batch.item import BatchPlan
from ohgw_tools import ruleset

pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.fixture(scope="module")
def cluster():
    with running(nodes=3, cpus=1) as (address, kill):
        yield address, kill


def on(cluster, *more):
    return ("--engine", "ray", "--ray-address", cluster[0], *more)


def test_a_cluster_without_room_is_said_to_be_so(cluster, tmp_path):
    arguments = [*on(cluster, "--ray-resource", "sandbox=1", "--ray-wait", 3)]
    done = subprocess.run(
        command(make(tmp_path, 1), tmp_path, "--proposer", "recipes", *arguments),
        capture_output=True,
        text=True,
        env={**os.environ, **SETTINGS},
        timeout=120,
    )
    assert done.returncode == 5, done.stderr
    assert "no node had room" in done.stderr
    assert "'sandbox': 1.0" in done.stderr
    assert done.stdout == ""


def test_no_cluster_at_all_is_said_to_be_so(tmp_path):
    for more, code, why in (
        ((), 2, "--ray-address"),
        (("--ray-address", "127.0.0.1:1"), 5, "answers"),
    ):
        done = subprocess.run(
            command(make(tmp_path, 1), tmp_path, "--engine", "ray", *more),
            capture_output=True,
            text=True,
            env={**os.environ, **SETTINGS},
            timeout=120,
        )
        assert done.returncode == code, done.stderr
        assert why in done.stderr
        assert "Traceback" not in done.stderr


def test_a_node_is_lost_and_the_results_are_those_of_one_machine(cluster, tmp_path):
    count = 20
    paths = make(tmp_path, count)
    one, many = tmp_path / "one", tmp_path / "many"
    with ScriptedServer(lambda request: Say(text=MEND, delay=0.5)) as server:
        for folder in (one, many):
            folder.mkdir()
        process = subprocess.Popen(
            # As many at once as three hosts do: each node has one, whichever is lost.
            command(paths, many, *model(server), *on(cluster), "-j", 12),
            env={**os.environ, **SETTINGS, "OPENAI_API_KEY": "k"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        most_nearly_done(process, many / "results.jsonl", 3)
        cluster[1]()
        stdout, _ = process.communicate(timeout=200)
        assert len(server.requests) == len({r.key for r in server.requests}) == count
        batch(paths, one, *model(server), "-j", 4, OPENAI_API_KEY="k")
    summary = json.loads(stdout)
    assert (process.returncode, summary["ready"], summary["calls"]) == (0, count, count)
    assert (many / "results.jsonl").read_bytes() == (one / "results.jsonl").read_bytes()
    facts = [json.loads(f) for f in (many / "results.jsonl.facts").read_text().splitlines()]
    assert any(f["losses"] for f in facts), "no bundle was in the hands of the node"
    assert {f["deaths"] for f in facts} == {0}
    assert len(rows(many)) == count
    for row in rows(many):
        ours, theirs = (folder / "runs" / row["output"] for folder in (one, many))
        assert ours.read_bytes() == theirs.read_bytes()


def test_a_host_says_that_it_has_other_rules_or_another_folder(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
    far = host.Host(BatchPlan(runs_dir=tmp_path))
    assert "other rules" in far.ready("", "0" * 64)
    assert "does not share" in far.ready("mark", ruleset.digest())
    (tmp_path / host.MARK).write_text("mark")
    assert far.ready("mark", ruleset.digest()) == ""
    assert far.ready("", ruleset.digest()) == ""

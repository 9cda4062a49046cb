"""Many bundles at once: shared limits, deaths that cost one bundle, going on where it stopped."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ohgw_agent.trace.reader import Reader
from ohgw_tools.bundles.bundle_file import load, save

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "chat"))

from scripted_server import Fail, Say, ScriptedServer  # noqa: E402

GOOD = ROOT / "tests" / "bundles" / "quickstart-good.json"
REGISTRY = '    "SOFTMAX_REGRESSION": SoftmaxRegression,\n'
ENTRY = '    "TWO_LAYER_MLP": TwoLayerMLP,\n'
MEND = (
    "NOTE: register it\n\nFILE: src/model.py\n<<<<<<< SEARCH\n"
    f"{REGISTRY}=======\n{REGISTRY}{ENTRY}>>>>>>> REPLACE\n"
)


def make(folder, count):
    """Write bundles that all lack one registry entry and differ in a comment beside it."""
    good = load(GOOD)
    model = good.derived["src/model.py"].replace(ENTRY, "")
    head = "_MODELS = {\n"
    assert head in model
    found = []
    for number in range(count):
        text = model.replace(head, f"_MODELS = {{  # suite {number}\n")
        path = folder / f"bundle-{number}.json"
        save(good.with_derived(good.derived.with_file("src/model.py", text)), path)
        found.append(path)
    return found


def command(paths, folder, *more):
    return [
        *(sys.executable, "-m", "ohgw_agent", "batch", *map(str, paths), "--static-only"),
        *("--runs-dir", str(folder / "runs"), "--results", str(folder / "results.jsonl"), "--json"),
        *map(str, more),
    ]


def batch(paths, folder, *more, timeout=200, **environment):
    done = subprocess.run(
        command(paths, folder, *more),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        timeout=timeout,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.stdout, done.stderr
    summary = json.loads(done.stdout)
    assert summary["exit_code"] == done.returncode
    return summary


def rows(folder):
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


def model(server, *more):
    return ("--proposer", "chat", "--no-review", "--base-url", server.url, "--model", "m", *more)


def test_a_batch_repairs_each_and_says_so(tmp_path):
    paths = [*make(tmp_path, 5), tmp_path / "missing.json"]
    summary = batch(paths, tmp_path, "--proposer", "recipes", "-j", 3, "--html",
                    tmp_path / "index.html")  # fmt: skip
    assert summary["stops"] == {"ready": 5, "bad input": 1}
    assert summary["exit_code"] == 5
    assert len(rows(tmp_path)) == 6
    page = (tmp_path / "index.html").read_text()
    assert "<script" not in page
    assert page.count("report.html") == 5
    for row in rows(tmp_path):
        if row["stop"] == "ready":
            assert load(tmp_path / "runs" / row["output"]).derived["src/model.py"].count(ENTRY) == 1


def test_run_again_does_nothing_twice(tmp_path):
    paths = make(tmp_path, 3)
    batch(paths, tmp_path)
    before = (tmp_path / "results.jsonl").read_bytes()
    summary = batch(paths, tmp_path)
    assert summary["skipped"] == 3
    assert summary["exit_code"] == 0
    assert (tmp_path / "results.jsonl").read_bytes() == before


def test_twins_are_done_once(tmp_path):
    (path,) = make(tmp_path, 1)
    twin = tmp_path / "twin.json"
    twin.write_bytes(path.read_bytes())
    summary = batch([path, twin], tmp_path)
    assert (summary["bundles"], summary["twins"], summary["ready"]) == (2, 1, 2)
    first, second = rows(tmp_path)
    assert {**first, "bundle": str(twin)} == second
    assert len(list((tmp_path / "runs").glob("*/events.jsonl"))) == 1


def test_a_list_with_paths_and_json(tmp_path):
    one, two = make(tmp_path, 2)
    listing = tmp_path / "list.jsonl"
    listing.write_text(f"{one.name}\n\n{json.dumps({'bundle': two.name})}\n")
    assert batch([], tmp_path, "--from", listing)["ready"] == 2
    listing.write_text('{"no": 1}\n')
    done = subprocess.run(
        command([], tmp_path, "--from", listing), capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 2
    assert "list.jsonl:1" in done.stderr


def test_lists_and_caps_that_make_no_sense_are_said_to_be_so(tmp_path):
    (one,) = make(tmp_path, 1)
    listing = tmp_path / "list.jsonl"
    listing.write_bytes(b'{"bundle": ' + b"[" * 100_000 + b"\n")
    for arguments, why in (
        (("--from", listing), "list.jsonl:1"),
        ((one, "--batch-usd", -1), "--batch-usd"),
        ((one, "--memory", 0), "--memory"),
    ):
        done = subprocess.run(
            command([], tmp_path, *arguments), capture_output=True, text=True, cwd=ROOT
        )
        assert done.returncode == 2, done.stderr
        assert why in done.stderr
        assert "Traceback" not in done.stderr


def test_names_that_no_file_can_have_cost_themselves_alone(tmp_path):
    (one,) = make(tmp_path, 1)
    odd = tmp_path / "ünï çødé 日本.json"
    odd.write_bytes(one.read_bytes().replace(b"suite 0", b"suite 9"))
    listing = tmp_path / "list.txt"
    listing.write_text(f"a\0b.json\n{'x' * 5000}.json\n{odd.name}\n{one.name}\n")
    summary = batch([], tmp_path, "--from", listing, "--judge-only")
    assert summary["stops"] == {"bad input": 2, "judged": 2}


def slow(seconds):
    """A script whose every answer takes so long; answers overlap, as a real server's do."""
    return lambda request: Say(text=MEND, delay=seconds)


def most_at_once(server, seconds):
    """How many requests were being answered at the busiest moment."""
    starts = [r.at for r in server.requests]
    return max(sum(s <= t < s + seconds for s in starts) for t in starts)


def test_model_calls_at_once_are_bounded_over_all_workers(tmp_path):
    with ScriptedServer(slow(6.0)) as server:
        summary = batch(
            make(tmp_path, 4), tmp_path, *model(server), "-j", 4, "--model-calls", 2,
            OPENAI_API_KEY="k",
        )  # fmt: skip
        assert most_at_once(server, 5.8) == 2
    assert summary["ready"] == 4
    assert summary["calls"] == len(server.requests) == 4


def test_the_batchs_cap_on_tokens_holds_for_all(tmp_path):
    with ScriptedServer(lambda request: MEND) as server:
        summary = batch(
            make(tmp_path, 4), tmp_path, *model(server), "--batch-tokens", 100, OPENAI_API_KEY="k"
        )
        assert server.requests == []
    assert summary["stops"] == {"exhausted": 4}
    assert summary["exit_code"] == 1


def test_killed_in_the_middle_nothing_is_lost_or_paid_twice(tmp_path):
    paths = make(tmp_path, 10)
    with ScriptedServer(slow(0.4)) as server:
        arguments = command(paths, tmp_path, *model(server), "-j", 3)
        process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env={**os.environ, "OPENAI_API_KEY": "k"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 120
        while len(server.requests) < 5 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert len(server.requests) >= 5
        time.sleep(1.0)  # its workers end with it
        summary = batch(paths, tmp_path, *model(server), "-j", 3, OPENAI_API_KEY="k")
        keys = [r.key for r in server.requests]
    assert summary["ready"] == 10
    answered = set()
    for folder in (tmp_path / "runs").glob("2*"):
        for event in Reader(folder).of_kind("model.reply"):
            assert event.data["key"] not in answered, "paid twice"
            answered.add(event.data["key"])
    assert len(set(keys)) == 10
    assert len(rows(tmp_path)) == len({r["digest"] for r in rows(tmp_path)}) == 10


POISON = """
import os, signal, sys
from ohgw_agent.batch import worker
load = worker.load
def poisoned(place):
    if "bundle-1" in place:
        if {how!r} == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if {how!r} == "hangs":
            import time
            time.sleep(600)
        return bytearray(8 << 30)
    return load(place)
worker.load = poisoned
from ohgw_agent.batch import processes
processes.PRELOAD = []
"""


@pytest.mark.parametrize("how", ["dies", "eats memory", "hangs"])
def test_a_poison_bundle_costs_itself_alone(tmp_path, how):
    paths = make(tmp_path, 3)
    (tmp_path / "sitecustomize.py").write_text(POISON.format(how=how))
    path = f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"
    seconds = 20 if how == "hangs" else 200
    summary = batch(
        paths, tmp_path, "--proposer", "recipes", "-j", 2, "--seconds", seconds, "--grace", 1,
        "--memory", 1024, PYTHONPATH=path,
    )  # fmt: skip
    assert summary["stops"] == {"ready": 2, "could not run": 1}
    assert summary["exit_code"] == 5
    (bad,) = [r for r in rows(tmp_path) if r["stop"] == "could not run"]
    assert "bundle-1" in bad["bundle"]
    assert bad["why"]


def test_judge_only_changes_and_records_nothing(tmp_path):
    paths = [*make(tmp_path, 6), GOOD]
    summary = batch(paths, tmp_path, "--judge-only")
    assert summary["stops"] == {"judged": 7}
    assert (summary["ready"], summary["exit_code"]) == (1, 1)
    assert not (tmp_path / "runs").exists()
    assert any("registry-gap" in row["rules"] for row in rows(tmp_path))


def test_a_server_that_says_wait_is_obeyed_by_all(tmp_path):
    seen = []

    def script(request):
        seen.append(time.monotonic())
        return Fail(429, retry_after=1.5) if len(seen) == 1 else Say(text=MEND)

    with ScriptedServer(script) as server:
        summary = batch(
            make(tmp_path, 3), tmp_path, *model(server), "-j", 3, "--model-calls", 1,
            OPENAI_API_KEY="k",
        )  # fmt: skip
    assert summary["stops"] == {"ready": 3}
    assert len(seen) == 4
    assert min(seen[1:]) - seen[0] >= 1.4


def test_commands_that_do_parts_of_one_list_do_all_of_it_once(tmp_path):
    paths = [str(p) for p in make(tmp_path, 5)]
    done = []
    for part in (1, 2, 3):
        arguments = command(paths, tmp_path, "--judge-only", "--shard", f"{part}/3")
        at = arguments.index("--results")
        summary = subprocess.run([*arguments[:at], *arguments[at + 2 :]], capture_output=True)
        assert summary.returncode == 1, summary.stderr
        results = tmp_path / "runs" / f"batch-{part}-of-3.jsonl"
        done += [json.loads(line)["bundle"] for line in results.open()]
    assert sorted(done) == sorted(paths)


def test_what_the_batchs_cap_ended_is_tried_again_under_a_larger_one(tmp_path):
    paths = make(tmp_path, 2)
    with ScriptedServer(lambda request: MEND) as server:
        with_key = {"OPENAI_API_KEY": "k"}
        capped = batch(paths, tmp_path, *model(server), "--batch-tokens", 100, **with_key)
        assert capped["stops"] == {"exhausted": 2}
        summary = batch(paths, tmp_path, *model(server), "--batch-tokens", 10**6, **with_key)
    assert (summary["ready"], summary["calls"]) == (2, 2)


def test_workers_that_cannot_be_started_end_the_batch(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\nfrom ohgw_agent.batch import processes, worker\n"
        "processes.PRELOAD = []\n"
        "worker.Leave = lambda pipe: os._exit(3)\n"
    )
    path = f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"
    done = subprocess.run(
        command(make(tmp_path, 1), tmp_path, "--proposer", "recipes", "-j", 4),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        timeout=250,
    )
    assert done.returncode == 5, done.stderr
    assert "no worker can be started" in done.stderr
    assert "exit code 3" in done.stderr

"""`fix` as a user runs it, with the real client over a real socket, and servers of every mood."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "chat"))

from scripted_server import Fail, Hang, Raw, Say, ScriptedServer  # noqa: E402

from ohgw_agent.trace.reader import Reader  # noqa: E402
from ohgw_tools.bundles.bundle_file import load, save  # noqa: E402

KEY = "sk-canary-5f1e9c7d2b8a4036"
REGISTRY = '    "SOFTMAX_REGRESSION": SoftmaxRegression,\n'
ENTRY = '    "TWO_LAYER_MLP": TwoLayerMLP,\n'


def block(search, replace):
    return (
        "NOTE: a try\n\nFILE: src/model.py\n<<<<<<< SEARCH\n"
        f"{search}=======\n{replace}>>>>>>> REPLACE\n"
    )


MEND = block(REGISTRY, REGISTRY + ENTRY)
ASIDE = '    """Write all parameters to one .npz file."""\n'


def aside(words):
    return block(ASIDE, f'    """{words}."""\n')


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A bundle with one defect: a model that the configurations name is not registered."""
    good = load(ROOT / "tests" / "bundles" / "quickstart-good.json")
    text = good.derived["src/model.py"]
    assert ENTRY in text
    path = tmp_path_factory.mktemp("bundle") / "broken.json"
    save(good.with_derived(good.derived.with_file("src/model.py", text.replace(ENTRY, ""))), path)
    return path


def command(server, broken, runs, *more):
    base = ["fix", str(broken), "--runs-dir", str(runs), "--static-only", "--no-review", "--json"]
    model = ["--proposer", "chat", "--base-url", server.url, "--model", "m", "-q"]
    return [sys.executable, "-m", "ohgw_agent", *base, *model, *more]


def environment():
    import os

    return {**os.environ, "OPENAI_API_KEY": KEY, "LANGSMITH_TRACING": "true"}


def fix(server, broken, runs, *more):
    done = subprocess.run(
        command(server, broken, runs, *more),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        timeout=120,
    )
    assert done.stdout, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["exit_code"] == done.returncode
    assert KEY not in done.stdout + done.stderr
    return outcome


def delivered(outcome):
    return load(outcome["output"]).derived["src/model.py"]


CASES = {
    "right at once": ([MEND], (), "ready", 0),
    "prose, then right": (["I would register the model.", MEND], (), "ready", 0),
    "does not match, then right": ([block("    no such line\n", "x\n"), MEND], (), "ready", 0),
    "cut off, then right": ([Say(text=MEND[:60], finish="length"), MEND], (), "ready", 0),
    "one bad block spoils all": (
        [MEND + "\n" + block("    no such line\n", "x\n"), MEND],
        (),
        "ready",
        0,
    ),
    "A B A B": ([aside("A"), aside("B"), aside("A"), aside("B")], (), "stuck", 4),
    "period 3": ([aside("A"), aside("B"), aside("C"), aside("A")], (), "stuck", 4),
    "the same prose for ever": (["no patch"] * 4, (), "stuck", 4),
    "429 with Retry-After": ([Fail(429, retry_after=0.3), MEND], (), "ready", 0),
    "429 for an hour": ([Fail(429, retry_after=3600)], (), "model failed", 5),
    "500 and then well": ([Fail(500), MEND], (), "ready", 0),
    "500 for ever": ([Fail(500)] * 2, ("--llm-tries", "2"), "model failed", 5),
    "dropped once": ([Fail(drop=True), MEND], (), "ready", 0),
    "dropped for ever": ([Fail(drop=True)] * 2, ("--llm-tries", "2"), "model failed", 5),
    "a stream that is cut": ([Say(text=MEND, cut_after=2), MEND], (), "ready", 0),
    "never answers": (
        [Hang(20)],
        ("--llm-timeout", "1", "--llm-tries", "1"),
        "model failed",
        5,
    ),
    "a proxy's page": ([Raw(b"<html>busy</html>", "text/html")] * 2, ("--llm-tries", "2"), None, 5),
    "401": ([Fail(401)], (), "model failed", 5),
}


@pytest.mark.parametrize("name", CASES)
def test_every_mood_of_a_server(broken, tmp_path, name):
    script, more, stop, code = CASES[name]
    before = load(broken).derived["src/model.py"]
    with ScriptedServer(script) as server:
        outcome = fix(server, broken, tmp_path, *more)
    if stop is not None:
        assert outcome["stop"] == stop, outcome["why"]
    assert outcome["exit_code"] == code
    assert outcome["spend"]["attempts"] <= 4
    if code == 0:
        assert delivered(outcome).count(ENTRY) == 1
    else:
        assert delivered(outcome) == before
    events = Reader(tmp_path / outcome["run"]).events
    assert events[-1].kind == "run.end"
    replies = [e for e in events if e.kind == "model.reply"]
    assert outcome["spend"]["calls"] == len(replies)


def test_a_cap_on_tokens_is_checked_before_the_call(broken, tmp_path):
    with ScriptedServer([]) as server:
        outcome = fix(server, broken, tmp_path, "--tokens", "50")
        assert server.requests == []
    assert (outcome["stop"], outcome["exit_code"]) == ("exhausted", 4)
    assert outcome["why"].startswith("tokens")


def test_a_cap_on_money_needs_a_price(broken, tmp_path):
    with ScriptedServer([]) as server:
        outcome = fix(server, broken, tmp_path, "--usd", "1")
    assert outcome["stop"] == "exhausted"
    with ScriptedServer([MEND]) as server:
        outcome = fix(server, broken, tmp_path, "--usd", "1", "--price", "1", "2")
    assert outcome["stop"] == "ready"
    assert outcome["spend"]["micro_usd"] == 100 * 1 + 20 * 2


def test_killed_after_the_answer_it_does_not_ask_again(broken, tmp_path):
    """The second question hangs; the first one's answer is on record and stays paid for once."""
    with ScriptedServer([aside("A"), Hang(60), MEND]) as server:
        process = subprocess.Popen(
            command(server, broken, tmp_path),
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while len(server.requests) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        (folder,) = [p for p in tmp_path.iterdir() if p.is_dir()]
        resume = ["resume", folder.name, "--runs-dir", str(tmp_path), "--json", "-q"]
        done = subprocess.run(
            [sys.executable, "-m", "ohgw_agent", *resume],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=environment(),
        )
        assert done.returncode == 0, done.stderr
        first, unanswered, again = (r.key for r in server.requests)
    assert unanswered == again != first
    assert json.loads(done.stdout)["spend"]["calls"] == 2


def test_the_key_is_nowhere_on_disk(broken, tmp_path):
    with ScriptedServer([f"the key is {KEY}", MEND]) as server:
        fix(server, broken, tmp_path)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


def test_a_second_round_is_told_what_was_tried(broken, tmp_path):
    with ScriptedServer([block("    no such line\n", "x\n"), MEND]) as server:
        fix(server, broken, tmp_path)
        first, second = (r.text for r in server.requests)
    assert "no such line" in second
    assert "no such line" not in first
    assert "TWO_LAYER_MLP" in first

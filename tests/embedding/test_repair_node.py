"""The loop as a node of a larger graph: called, awaited, streamed, cancelled, given nonsense."""

import asyncio
import importlib.util
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ohgw_agent import Notice, Settings, repair_node, resume
from ohgw_agent.pipeline_node import bundle_of
from ohgw_agent.trace.reader import Reader
from ohgw_tools.errors import BundleError

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "examples" / "quickstart.json"
STATIC = Settings(static_only=True, review=False, proposer="recipes")
ASKED = {"source": str(SOURCE)}


@pytest.fixture(scope="module")
def example():
    place = ROOT / "examples" / "pipeline.py"
    spec = importlib.util.spec_from_file_location("pipeline_example", place)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_called_awaited_and_streamed_come_to_the_same(example, tmp_path):
    pipeline = example.build(STATIC, runs_dir=tmp_path)
    called = pipeline.invoke(ASKED)
    awaited = asyncio.run(pipeline.ainvoke(ASKED))

    async def streamed():
        return [item async for item in pipeline.astream(ASKED, stream_mode="custom")]

    by_call = list(pipeline.stream(ASKED, stream_mode="custom"))
    for notices in (by_call, asyncio.run(streamed())):
        assert all(isinstance(n, Notice) for n in notices)
        assert (notices[0].kind, notices[-1].status) == ("start", "ready")
    for final in (called, awaited):
        assert final["is_experiment_code_ready"] is True
        assert final["experiment_code_issue"] == ""
        assert final["pushed_to"] == "main"
        assert final["repair"]["stop"] == "ready"
        assert final["repair"]["attempts"] >= 5
        record = Reader(Path(final["repair"]["folder"]))
        assert record.events[-1].digest == final["repair"]["head"]
    assert called["current_experiment"] == awaited["current_experiment"]
    assert called["new_method"] == example.generate(ASKED)["new_method"]


def test_what_is_not_ready_says_so_and_is_pushed_aside(example, tmp_path):
    final = example.build(STATIC, runs_dir=tmp_path, proposers=[]).invoke(ASKED)
    assert final["is_experiment_code_ready"] is False
    assert "plot_comparison" in final["experiment_code_issue"]
    assert final["pushed_to"] == "not-ready"
    assert (final["repair"]["stop"], final["repair"]["exit_code"]) == ("given up", 1)
    undecided = STATIC.model_copy(update={"static_only": False, "sandbox": "none"})
    final = example.build(undecided, runs_dir=tmp_path).invoke(ASKED)
    assert final["is_experiment_code_ready"] is False
    assert "undecided" in final["experiment_code_issue"]
    assert final["repair"]["exit_code"] == 3


class Waiting:
    name = "waiting"

    def __init__(self):
        self.asked, self.go_on = threading.Event(), threading.Event()

    def propose(self, situation):
        self.asked.set()
        assert self.go_on.wait(60)


def test_a_cancelled_graph_leaves_a_run_that_goes_on(example, tmp_path):
    waiting = Waiting()
    pipeline = example.build(STATIC, runs_dir=tmp_path, proposers=[waiting])

    async def cancelled():
        task = asyncio.create_task(pipeline.ainvoke(ASKED))
        assert await asyncio.to_thread(waiting.asked.wait, 60)
        task.cancel()
        asyncio.get_running_loop().call_later(0.2, waiting.go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    (folder,) = [p for p in tmp_path.iterdir() if p.is_dir()]
    assert [e.data["stop"] for e in Reader(folder).of_kind("run.end")] == ["interrupted"]
    assert resume(folder.name, runs_dir=tmp_path).ready


def test_the_node_works_outside_of_a_graph_too(example, tmp_path):
    state = example.generate(ASKED)
    heard = []
    node = repair_node(STATIC, runs_dir=tmp_path, watch=heard.append)
    assert node.invoke(state)["is_experiment_code_ready"]
    assert heard[-1].kind == "stop"
    assert asyncio.run(node.ainvoke(state))["is_experiment_code_ready"]


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"current_experiment": None},
        {"current_experiment": {"code": {"train_py": {1, 2}}}},
        {"current_experiment": {"code": {"../x.py": "a = 1\n"}}},
        {"current_experiment": {"code": {"train_py": float("nan")}}},
        {"current_experiment": {"code": {}}},
    ],
    ids=str,
)
def test_a_state_that_is_no_bundle_is_said_to_be_none(state, tmp_path):
    with pytest.raises(BundleError):
        bundle_of(state)
    with pytest.raises(BundleError):
        repair_node(STATIC, runs_dir=tmp_path).invoke(state)
    assert not list(tmp_path.iterdir())


def test_the_example_from_the_command_line(tmp_path):
    command = [sys.executable, str(ROOT / "examples" / "pipeline.py"), str(SOURCE)]

    def run(*options):
        return subprocess.run(
            [*command, "--static-only", *options],
            cwd=tmp_path, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    done = run()
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["pushed_to"] == "main"
    assert "recipe:" in done.stderr
    short = run("--attempts", "1")
    assert short.returncode == 4
    told = json.loads(short.stdout)
    assert told["pushed_to"] == "not-ready"
    assert told["experiment_code_issue"]

"""The loop inside other programs: awaited, streamed, cancelled, in threads, as a node."""

import asyncio
import importlib.util
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import ohgw_agent
from ohgw_agent import Notice, Settings, Trace, afix, astream, fix, judge, load, resume
from ohgw_agent.trace.reader import Reader

ROOT = Path(__file__).parents[2]
STATIC = Settings(static_only=True, review=False, proposer="recipes")


@pytest.fixture
def bundle():
    return load(ROOT / "examples" / "quickstart.json")


def test_every_public_name_is_there():
    for name in ohgw_agent.__all__:
        assert getattr(ohgw_agent, name) is not None
    assert set(ohgw_agent.__all__) <= set(dir(ohgw_agent))
    with pytest.raises(AttributeError):
        _ = ohgw_agent.no_such_name


def test_awaited_and_streamed_are_the_same_as_called(bundle, tmp_path):
    whole = fix(bundle, STATIC, runs_dir=tmp_path)
    awaited = asyncio.run(afix(bundle, STATIC, runs_dir=tmp_path))
    assert awaited.bundle == whole.bundle

    async def collect():
        return [item async for item in astream(bundle, STATIC, runs_dir=tmp_path)]

    *notices, last = asyncio.run(collect())
    assert isinstance(last, Trace)
    assert last.bundle == whole.bundle
    assert all(isinstance(n, Notice) for n in notices)
    assert notices[0].kind == "start"
    assert [n.number for n in notices if n.kind == "attempt"] == [a.number for a in last.attempts]


class Waiting:
    """A proposer that waits until it is told to go on, to be cancelled meanwhile."""

    name = "waiting"

    def __init__(self):
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def propose(self, situation):
        self.asked.set()
        self.go_on.wait(20)


def test_cancelled_is_interrupted_recorded_and_resumable(bundle, tmp_path):
    waiting = Waiting()

    async def cancelled():
        task = asyncio.create_task(afix(bundle, STATIC, runs_dir=tmp_path, proposers=[waiting]))
        await asyncio.to_thread(waiting.asked.wait, 20)
        task.cancel()
        await asyncio.sleep(0.1)
        waiting.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    (folder,) = [p for p in tmp_path.iterdir() if p.is_dir()]
    assert "interrupted" in [e.kind for e in Reader(folder).events]
    assert resume(folder.name, runs_dir=tmp_path).ready


def test_eight_threads_at_once(bundle, tmp_path):
    with ThreadPoolExecutor(8) as pool:
        traces = list(pool.map(lambda _: fix(bundle, STATIC, runs_dir=tmp_path), range(8)))
    assert len({t.run_id for t in traces}) == 8
    assert len({t.bundle.derived.digest for t in traces}) == 1
    assert all(t.ready for t in traces)


def test_judge_changes_nothing_and_knows_no_model(bundle):
    judgement = judge(bundle, static_only=True)
    assert judgement.status == "not ready"
    assert judge(bundle, sandbox="none").status == "not ready"
    good = load(ROOT / "tests" / "bundles" / "quickstart-good.json")
    assert judge(good, sandbox="none").status == "undecided"
    assert judge(good, static_only=True).ready


def test_the_original_pipeline_with_our_loop_in_it(tmp_path):
    path = ROOT / "examples" / "pipeline.py"
    spec = importlib.util.spec_from_file_location("pipeline", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pipeline = module.build(STATIC, runs_dir=tmp_path)
    final = pipeline.invoke({"source": str(ROOT / "examples" / "quickstart.json")})
    assert final["is_experiment_code_ready"] is True
    assert final["pushed"] == "main"
    assert "TwoLayerMLP," in final["current_experiment"]["code"]["src/model.py"]
    nothing = module.build(STATIC, runs_dir=tmp_path, proposers=[])
    final = nothing.invoke({"source": str(ROOT / "examples" / "quickstart.json")})
    assert final["pushed"] == "not-ready"
    assert "plot_comparison" in final["experiment_code_issue"]


def test_any_langgraph_saver_is_taken(bundle, tmp_path, monkeypatch):
    """The state is plain JSON: a saver in strict mode stores and gives it back without a word."""
    from langgraph.checkpoint.memory import InMemorySaver

    monkeypatch.setenv("LANGGRAPH_STRICT_MSGPACK", "true")
    graph = ohgw_agent.build_graph(checkpointer=InMemorySaver())
    monkeypatch.setattr("ohgw_agent.graph.build_graph", lambda: graph)
    trace = fix(bundle, STATIC, runs_dir=tmp_path)
    state = graph.get_state({"configurable": {"thread_id": trace.run_id}}).values
    assert state["stop"] == "ready"
    assert len(state["attempts"]) == len(trace.attempts)
    assert len(json.dumps(state)) < 3000

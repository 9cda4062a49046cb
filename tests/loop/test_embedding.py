"""The public names, and the same run called, awaited and streamed."""

import asyncio
import json
from pathlib import Path

import pytest

import ohgw_agent
from ohgw_agent import Notice, Settings, Trace, afix, astream, fix, judge, load

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


def test_judge_changes_nothing_and_knows_no_model(bundle):
    judgement = judge(bundle, static_only=True)
    assert judgement.status == "not ready"
    assert judge(bundle, sandbox="none").status == "not ready"
    good = load(ROOT / "tests" / "bundles" / "quickstart-good.json")
    assert judge(good, sandbox="none").status == "undecided"
    assert judge(good, static_only=True).ready


def test_any_langgraph_saver_is_taken(bundle, tmp_path, monkeypatch):
    """The state is plain JSON: a saver in strict mode stores and gives it back without a word."""
    from langgraph.checkpoint.memory import InMemorySaver

    monkeypatch.setenv("LANGGRAPH_STRICT_MSGPACK", "true")
    graph = ohgw_agent.build_graph(checkpointer=InMemorySaver())
    monkeypatch.setattr("ohgw_agent.repair._graph", lambda: graph)
    trace = fix(bundle, STATIC, runs_dir=tmp_path)
    state = graph.get_state({"configurable": {"thread_id": trace.run_id}}).values
    assert state["stop"] == "ready"
    assert len(state["attempts"]) == len(trace.attempts)
    assert len(json.dumps(state)) < 3000

"""PipelineNode: the loop as one node of another LangGraph, for its judge and regenerator."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from ohgw_agent.fix_options import FixOptions
from ohgw_agent.notice import Notice, Watcher, ignore
from ohgw_agent.settings import Settings
from ohgw_tools.bundles import bundle_file
from ohgw_tools.errors import BundleError

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

    from ohgw_agent.outcome import Trace
    from ohgw_tools.bundle import Bundle

KEYS = ("new_method", "current_experiment")


class RepairRecord(TypedDict):
    """What the state's key `repair` tells: where the record is, how the run ended (exit code as of
    `ohgw-agent fix`), and the record's head, by which alterations show later.
    """

    run: str
    folder: str
    stop: str
    why: str
    exit_code: int
    attempts: int
    head: str


class RepairUpdate(TypedDict):
    """What the node gives back to the pipeline's state."""

    current_experiment: dict[str, Any]
    is_experiment_code_ready: bool
    experiment_code_issue: str
    repair: RepairRecord


def repair_node(
    settings: Settings | None = None, **options: Unpack[FixOptions]
) -> Runnable[Any, RepairUpdate]:
    """Return a node for pipelines whose state holds `new_method` and `current_experiment` with its
    `code`, as the original pipeline's does. `options` are those of `fix`.

    The node gives back a RepairUpdate: `current_experiment` with the repaired code, the verdict's
    two keys and, beyond what that pipeline knew, `repair`. Code that is not ready says so: what is
    pushed on is the pipeline's choice, and no longer a silent one.

    Graphs may be invoked or awaited; awaited ones may be cancelled, as `afix`. Each Notice goes to
    the graph's stream of mode `custom`. Raises BundleError for a state that is no bundle.
    """
    from langchain_core.runnables import RunnableLambda

    from ohgw_agent.embedding import astream
    from ohgw_agent.repair import fix

    def repair(state: Any) -> RepairUpdate:
        write, other = _writer(), options.get("watch", ignore)

        def watch(notice: Notice) -> None:
            other(notice)
            write(notice)

        chosen: FixOptions = {**options, "watch": watch}
        return _update(fix(bundle_of(state), settings, **chosen))

    async def repair_awaited(state: Any) -> RepairUpdate:
        write = _writer()
        trace: Trace | None = None
        async with aclosing(astream(bundle_of(state), settings, **options)) as events:
            async for event in events:
                if isinstance(event, Notice):
                    write(event)
                else:
                    trace = event
        assert trace is not None, "the last event is the trace"
        return _update(trace)

    return RunnableLambda(repair, repair_awaited, name="repair")


def bundle_of(state: Mapping[str, Any]) -> Bundle:
    """Return the bundle that a pipeline's state holds. Raises BundleError."""
    given = {key: state[key] for key in KEYS if key in state}
    try:
        text = json.dumps(given)
    except (TypeError, ValueError, RecursionError) as error:
        remedy = "Give dictionaries, lists, texts and numbers, as model_dump(mode='json') does"
        raise BundleError("state", f"not plain JSON: {error}", remedy) from error
    return bundle_file.parse(text, "state")


def _update(trace: Trace) -> RepairUpdate:
    repaired = json.loads(bundle_file.dumps(trace.bundle))
    issue = trace.judgement.seed_form()["experiment_code_issue"] if trace.judgement else ""
    return RepairUpdate(
        current_experiment=repaired["current_experiment"],
        is_experiment_code_ready=trace.ready,
        experiment_code_issue=str(issue) or ("" if trace.ready else trace.why),
        repair=RepairRecord(
            run=trace.run_id,
            folder=str(trace.folder),
            stop=trace.stop,
            why=trace.why,
            exit_code=trace.exit_code,
            attempts=len(trace.attempts) - 1 if trace.attempts else 0,
            head=trace.head,
        ),
    )


def _writer() -> Watcher:
    """Return what sends to the graph's custom stream; outside of a graph, what sends nowhere."""
    from langgraph.config import get_stream_writer

    try:
        writer: Watcher = get_stream_writer()
    except (RuntimeError, KeyError):
        return ignore
    return writer

"""Spans: what a run looks like to OpenTelemetry, made from its events, for file and wire alike.

Names are those of the semantic conventions for generative AI (status: development): the run is an
`invoke_workflow` span, each verdict and each patch an `execute_tool` span, each model call a `chat`
span; a verdict also is a `gen_ai.evaluation.result` event on its span. What prompts and answers
say is left out unless it is asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ohgw_agent.trace.blame import motives
from ohgw_agent.trace.event import LONG_MARK, Event, Json
from ohgw_agent.trace.fields import mapping, number, strings, text
from ohgw_agent.trace.history import History
from ohgw_agent.trace.judged import Proposed, Said
from ohgw_tools.errors import TraceDamaged

WORKFLOW = "ohgw-agent fix"
EVALUATION = "gen_ai.evaluation.result"


@dataclass(frozen=True)
class Span:
    """One span. `name` is unique in its run (`run`, `v3`, `p2`, `m17`), `title` is what people
    read; `begin` and `end` are nanoseconds since 1970, the end by the clock and the beginning by
    the time run before it, so that no span ends before it begins; `values` are attributes (bool,
    int, float, str, lists of str); `failed` says why the operation itself failed, empty if it did
    not.
    """

    name: str
    title: str
    begin: int
    end: int
    values: dict[str, Any]
    client: bool = False
    failed: str = ""
    links: tuple[str, ...] = ()
    evaluation: dict[str, Any] = field(default_factory=dict)


def trace_id(run_id: str) -> str:
    """32 hexadecimal digits that depend on the run's id alone."""
    return hashlib.sha256(run_id.encode()).hexdigest()[:32]


def span_id(run_id: str, name: str) -> str:
    """16 hexadecimal digits for one span of a run."""
    return hashlib.sha256(f"{run_id}/{name}".encode()).hexdigest()[:16]


def nanoseconds(event: Event) -> int:
    """When an event was recorded, in nanoseconds since 1970."""
    return round(datetime.fromisoformat(event.ts).timestamp() * 1000) * 1_000_000


def resource(start: Mapping[str, Json]) -> dict[str, Any]:
    """What is said of the program that ran, from the data of `run.start`."""
    return {
        "service.name": "ohgw-agent",
        "service.version": text(start, "version"),
        "ohgw.rules.digest": text(start, "rules_digest"),
        "ohgw.contract.name": text(mapping(start, "contract"), "name"),
    }


def root(events: tuple[Event, ...]) -> Span:
    """The span of the run as a whole, as far as it has come."""
    start = events[0].data
    end = next((e.data for e in reversed(events) if e.kind == "run.end"), {})
    values = {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.agent.name": WORKFLOW,
        "gen_ai.workflow.name": WORKFLOW,
        "gen_ai.conversation.id": text(start, "run"),
        "ohgw.run.status": text(end, "status") or "open",
        "ohgw.run.stop": text(end, "stop"),
        "ohgw.run.head": events[-1].digest,
        "ohgw.bundle.digest": text(mapping(start, "bundle"), "digest"),
        "ohgw.experiment.id": text(start, "experiment"),
    }
    title = f"invoke_workflow {WORKFLOW}"
    begin = nanoseconds(events[0])
    return Span("run", title, begin, max(begin, nanoseconds(events[-1])), said_only(values))


def of_event(history: History, event: Event, *, content: bool = False) -> Span | None:
    """The span that an event completes, or None. `content` puts in what was asked and answered.

    Raises TraceDamaged if contents that it needs are gone.
    """
    before = _ago(event, event.mono_ms - history.reader.events[max(0, event.seq - 1)].mono_ms)
    if event.kind == "verdict":
        return _verdict(next(s for s in history.verdicts if s.event.seq == event.seq), before)
    if event.kind == "patch":
        return _patch(history, Proposed(event, history.reader), before)
    if event.kind in ("model.reply", "model.failure"):
        return _call(history, event, before, content=content)
    return None


def said_only(values: dict[str, Any]) -> dict[str, Any]:
    """Leave out what has no value."""
    return {k: v for k, v in values.items() if v is not None and v != "" and v != []}


def _ago(event: Event, milliseconds: int) -> int:
    return nanoseconds(event) - max(0, milliseconds) * 1_000_000


def _verdict(said: Said, before: int) -> Span:
    event = said.event
    values = {
        **_tool(f"validate_{said.stage}", said.id),
        "ohgw.attempt": said.attempt,
        "ohgw.tree": text(event.data, "tree"),
        "ohgw.rules": sorted(mapping(event.data, "rules")),
    }
    evaluation = {
        "gen_ai.evaluation.name": f"ohgw.{said.stage}",
        "gen_ai.evaluation.score.label": said.status,
        "gen_ai.evaluation.score.value": float(number(mapping(event.data, "counts"), "error")),
        "gen_ai.evaluation.explanation": text(event.data, "reason").partition(LONG_MARK)[0],
    }
    title = f"execute_tool validate_{said.stage}"
    return Span(
        said.id,
        title,
        before,
        nanoseconds(event),
        said_only(values),
        evaluation=said_only(evaluation),
    )


def _tool(name: str, call: str) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": call,
    }


def _patch(history: History, patch: Proposed, before: int) -> Span:
    event = patch.event
    refused = patch.result_tree is None
    values = {
        **_tool("apply_patch", patch.id),
        "ohgw.patch.origin": patch.origin,
        "ohgw.patch.refused": refused,
        "ohgw.patch.answers": list(strings(event.data, "answers")),
        "error.type": "patch_refused" if refused else None,
    }
    reasons = "; ".join(text(refusal, "code") for refusal in patch.refusals)
    return Span(
        patch.id,
        "execute_tool apply_patch",
        before,
        nanoseconds(event),
        said_only(values),
        failed=(reasons or "refused") if refused else "",
        links=tuple(dict.fromkeys(motive.said.id for motive in motives(history, patch))),
    )


def _call(history: History, event: Event, before: int, *, content: bool) -> Span:
    data, model = event.data, text(event.data, "model")
    failed = event.kind == "model.failure"
    values = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        "gen_ai.response.model": "" if failed else model,
        "gen_ai.response.id": text(data, "response_id"),
        "gen_ai.response.finish_reasons": [text(data, "finish")] if text(data, "finish") else [],
        "gen_ai.usage.input_tokens": data.get("input_tokens"),
        "gen_ai.usage.output_tokens": data.get("output_tokens"),
        "ohgw.cost.micro_usd": data.get("micro_usd"),
        "error.type": text(data, "error"),
    }
    begin = before if failed else _ago(event, number(data, "latency_ms"))
    if content:
        values |= _content(history, event)
    return Span(
        f"m{event.seq}",
        f"chat {model}",
        begin,
        nanoseconds(event),
        said_only(values),
        client=True,
        failed=text(data, "message").partition(LONG_MARK)[0] if failed else "",
    )


def _content(history: History, event: Event) -> dict[str, Any]:
    """What was asked and answered, in the conventions' own JSON; what is gone is left out."""
    asked = _body(history, event.cause[-1] if event.cause else -1, "prompt_blob")
    messages = [
        {"role": str(m.get("role")), "parts": [{"type": "text", "content": str(m.get("text"))}]}
        for m in asked.get("messages", [])
    ]
    told = _body(history, event.seq, "reply_blob")
    answers = [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": str(told["text"])}],
            "finish_reason": str(told.get("finish") or "stop"),
        }
    ] if "text" in told else []  # fmt: skip
    return {
        "gen_ai.input.messages": json.dumps(messages, ensure_ascii=False) if messages else "",
        "gen_ai.output.messages": json.dumps(answers, ensure_ascii=False) if answers else "",
    }


def _body(history: History, seq: int, key: str) -> dict[str, Any]:
    if not 0 <= seq < len(history.reader.events):
        return {}
    digest = text(history.reader.events[seq].data, key)
    try:
        body = history.reader.json(digest) if digest else {}
    except TraceDamaged:  # removed with a tombstone
        return {}
    return body if isinstance(body, dict) else {}

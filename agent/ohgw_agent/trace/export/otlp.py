"""OTLP/JSON: a run as OpenTelemetry spans with the GenAI conventions, written without any package.

Names are those of the semantic conventions for generative AI (status: development): the run is an
`invoke_workflow` span, each verdict and each patch an `execute_tool` span, each model call a `chat`
span; a verdict also is a `gen_ai.evaluation.result` event. Ids are hexadecimal and 64-bit integers
are strings, as OTLP/JSON asks. Prompts and answers are left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ohgw_agent.trace.blame import motives
from ohgw_agent.trace.event import LONG_MARK, Event
from ohgw_agent.trace.fields import mapping, number, strings, text
from ohgw_agent.trace.history import History
from ohgw_agent.trace.judged import Proposed, Said

NAME = "otlp"
SUMMARY = "OpenTelemetry spans with the GenAI conventions, as OTLP/JSON"

INTERNAL, CLIENT = 1, 3
OK, ERROR = 1, 2


def export(history: History) -> str:
    """Return one ExportTraceServiceRequest."""
    resource = {
        "service.name": "ohgw-agent",
        "service.version": text(history.start, "version"),
        "ohgw.rules.digest": text(history.start, "rules_digest"),
        "ohgw.contract.name": text(mapping(history.start, "contract"), "name"),
    }
    scope = {"name": "ohgw_agent.trace", "version": text(history.start, "version")}
    spans = [_root(history), *_inner(history)]
    body = {
        "resourceSpans": [
            {
                "resource": {"attributes": attributes(resource)},
                "scopeSpans": [{"scope": scope, "spans": spans}],
            }
        ]
    }
    return json.dumps(body, indent=1) + "\n"


def attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return attributes in OTLP's form; those without a value are left out."""
    return [
        {"key": key, "value": _value(value)}
        for key, value in values.items()
        if value is not None and value != "" and value != []
    ]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    return {"stringValue": str(value)}


def trace_id(history: History) -> str:
    """32 hexadecimal digits that depend on the run's id alone."""
    return hashlib.sha256(history.id.encode()).hexdigest()[:32]


def span_id(history: History, name: str) -> str:
    """16 hexadecimal digits for one span of a run."""
    return hashlib.sha256(f"{history.id}/{name}".encode()).hexdigest()[:16]


def _nanoseconds(history: History, mono_ms: int) -> str:
    """Run time as a time of day: the start's clock plus time run, so that spans never go back."""
    start = history.reader.events[0]
    seconds = datetime.fromisoformat(start.ts).timestamp()
    return str(round(seconds * 1000 + max(0, mono_ms - start.mono_ms)) * 1_000_000)


def _span(
    history: History, name: str, title: str, begin: int, end: int, values: dict[str, Any]
) -> dict[str, Any]:
    span = {
        "traceId": trace_id(history),
        "spanId": span_id(history, name),
        "name": title,
        "kind": INTERNAL,
        "startTimeUnixNano": _nanoseconds(history, begin),
        "endTimeUnixNano": _nanoseconds(history, end),
        "attributes": attributes(values),
        "status": {"code": OK},
    }
    return span if name == "run" else {**span, "parentSpanId": span_id(history, "run")}


def _root(history: History) -> dict[str, Any]:
    end = history.end.data if history.end else {}
    events = history.reader.events
    values = {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": "ohgw-agent fix",
        "gen_ai.conversation.id": history.id,
        "ohgw.run.status": text(end, "status") or "open",
        "ohgw.run.stop": text(end, "stop"),
        "ohgw.run.head": events[-1].digest,
        "ohgw.bundle.digest": text(mapping(history.start, "bundle"), "digest"),
        "ohgw.experiment.id": text(history.start, "experiment"),
    }
    title = "invoke_workflow ohgw-agent fix"
    return _span(history, "run", title, events[0].mono_ms, events[-1].mono_ms, values)


def _inner(history: History) -> Iterator[dict[str, Any]]:
    said = {s.event.seq: s for s in history.verdicts}
    patches = {p.event.seq: p for p in history.patches.values()}
    before = history.reader.events[0].mono_ms
    for event in history.reader.events:
        if event.seq in said:
            yield _verdict(history, said[event.seq], before)
        elif event.seq in patches:
            yield _patch(history, patches[event.seq], before)
        elif event.kind in ("model.reply", "model.failure"):
            yield _call(history, event, before)
        before = event.mono_ms


def _verdict(history: History, said: Said, before: int) -> dict[str, Any]:
    event = said.event
    errors = number(mapping(event.data, "counts"), "error")
    values = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": f"validate_{said.stage}",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": said.id,
        "ohgw.attempt": said.attempt,
        "ohgw.tree": text(event.data, "tree"),
        "ohgw.rules": sorted(mapping(event.data, "rules")),
    }
    span = _span(
        history, said.id, f"execute_tool validate_{said.stage}", before, event.mono_ms, values
    )
    evaluation = {
        "gen_ai.evaluation.name": f"ohgw.{said.stage}",
        "gen_ai.evaluation.score.label": said.status,
        "gen_ai.evaluation.score.value": errors,
        "gen_ai.evaluation.explanation": text(event.data, "reason").partition(LONG_MARK)[0],
    }
    span["events"] = [
        {
            "name": "gen_ai.evaluation.result",
            "timeUnixNano": _nanoseconds(history, event.mono_ms),
            "attributes": attributes(evaluation),
        }
    ]
    return span


def _patch(history: History, patch: Proposed, before: int) -> dict[str, Any]:
    event = patch.event
    values = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "apply_patch",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": patch.id,
        "ohgw.patch.origin": patch.origin,
        "ohgw.patch.refused": patch.result_tree is None,
        "ohgw.patch.answers": list(strings(event.data, "answers")),
    }
    span = _span(history, patch.id, "execute_tool apply_patch", before, event.mono_ms, values)
    if patch.result_tree is None:
        reasons = "; ".join(text(refusal, "code") for refusal in patch.refusals)
        span["status"] = {"code": ERROR, "message": reasons or "refused"}
    verdicts = dict.fromkeys(motive.said.id for motive in motives(history, patch))
    span["links"] = [
        {
            "traceId": trace_id(history),
            "spanId": span_id(history, name),
            "attributes": attributes({"ohgw.link": "motivated_by"}),
        }
        for name in verdicts
    ]
    return span


def _call(history: History, event: Event, before: int) -> dict[str, Any]:
    data, model = event.data, text(event.data, "model")
    begin = event.mono_ms - number(data, "latency_ms")
    values = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        "gen_ai.response.model": model,
        "gen_ai.response.id": text(data, "response_id"),
        "gen_ai.response.finish_reasons": [text(data, "finish")] if text(data, "finish") else [],
        "gen_ai.usage.input_tokens": data.get("input_tokens"),
        "gen_ai.usage.output_tokens": data.get("output_tokens"),
        "ohgw.cost.micro_usd": data.get("micro_usd"),
        "error.type": text(data, "error"),
    }
    begin = max(before if event.kind == "model.failure" else 0, begin)
    span = _span(history, f"m{event.seq}", f"chat {model}", begin, event.mono_ms, values)
    failed = event.kind == "model.failure"
    return {**span, "kind": CLIENT, "status": {"code": ERROR if failed else OK}}

"""OTLP/JSON: a run as OpenTelemetry spans with the GenAI conventions, written without any package.

The spans are those of `ohgw_agent.trace.spans`, with the same ids as those that are sent while a
run goes on. Ids are hexadecimal and 64-bit integers are strings, as OTLP/JSON asks.
"""

from __future__ import annotations

import json
from typing import Any

from ohgw_agent.trace.export_options import ExportOptions
from ohgw_agent.trace.fields import text
from ohgw_agent.trace.history import History
from ohgw_agent.trace.spans import (
    EVALUATION,
    Span,
    of_event,
    resource,
    root,
    said_only,
    span_id,
    trace_id,
)

NAME = "otlp"
SUMMARY = "OpenTelemetry spans with the GenAI conventions, as OTLP/JSON"
TAKES = frozenset({"content"})

INTERNAL, CLIENT = 1, 3
ERROR = 2


def export(history: History, options: ExportOptions) -> str:
    """Return one ExportTraceServiceRequest."""
    scope = {"name": "ohgw_agent.trace", "version": text(history.start, "version")}
    found = [of_event(history, event, content=options.content) for event in history.reader.events]
    spans = [root(history.reader.events), *(span for span in found if span is not None)]
    body = {
        "resourceSpans": [
            {
                "resource": {"attributes": attributes(said_only(resource(history.start)))},
                "scopeSpans": [{"scope": scope, "spans": [_span(history, s) for s in spans]}],
            }
        ]
    }
    return json.dumps(body, indent=1) + "\n"


def attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return attributes in OTLP's form."""
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    return {"stringValue": str(value)}


def _span(history: History, span: Span) -> dict[str, Any]:
    own = {"traceId": trace_id(history.id), "spanId": span_id(history.id, span.name)}
    body: dict[str, Any] = {
        **own,
        "name": span.title,
        "kind": CLIENT if span.client else INTERNAL,
        "startTimeUnixNano": str(span.begin),
        "endTimeUnixNano": str(span.end),
        "attributes": attributes(span.values),
        "status": {"code": ERROR, "message": span.failed} if span.failed else {},
    }
    if span.name != "run":
        body["parentSpanId"] = span_id(history.id, "run")
    if span.evaluation:
        said = {"name": EVALUATION, "timeUnixNano": body["endTimeUnixNano"]}
        body["events"] = [{**said, "attributes": attributes(span.evaluation)}]
    if span.links:
        why = attributes({"ohgw.link": "motivated_by"})
        body["links"] = [
            {**own, "spanId": span_id(history.id, name), "attributes": why} for name in span.links
        ]
    return body

"""The JSON Schema of every record: events of each kind, a run's header, a line of the index.

Version 1. Fields may be added to a version, never taken away or changed in meaning: what reads a
record must let pass what it does not know. A change that breaks this rule is a new version.
"""

from __future__ import annotations

from typing import Any

from ohgw_agent.trace.event import VERSION
from ohgw_tools.errors import InputError

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_TEXT, _COUNT = {"type": "string"}, {"type": "integer"}

# What a word in KINDS stands for; `?` after it: may be left out; `|null` after it: may be null.
_TYPES: dict[str, dict[str, Any]] = {
    "text": _TEXT,
    "digest": _DIGEST,
    "count": {"type": "integer", "minimum": 0},
    "bool": {"type": "boolean"},
    "texts": {"type": "array", "items": _TEXT},
    "counts": {"type": "object", "additionalProperties": _COUNT},
    "digests": {"type": "object", "additionalProperties": _DIGEST},
    "object": {"type": "object"},
    "objects": {"type": "array", "items": {"type": "object"}},
    "list": {"type": "array"},
    "status": {"enum": ["pass", "fail", "undecided"]},
    "stage": {"enum": ["patch", "static", "sandbox", "review"]},
    "outcome": {"enum": ["ready", "not ready", "undecided"]},
    "bundle": {
        "type": "object",
        "required": ["digest", "base_tree", "derived_tree", "rest_blob"],
        "additionalProperties": _DIGEST,
    },
    "contract": {
        "type": "object",
        "required": ["name", "version", "contract_blob"],
        "properties": {"name": _TEXT, "version": _COUNT, "contract_blob": _DIGEST},
    },
    "caps": {
        "type": "object",
        "additionalProperties": {"type": ["integer", "null"], "minimum": 0},
    },
}

KINDS: dict[str, dict[str, str]] = {
    "run.start": {
        "run": "text", "tool": "text", "version": "text", "experiment": "text", "bundle": "bundle",
        "contract": "contract", "rules_digest": "text", "required": "texts", "budget": "caps",
        "sandbox": "text", "proposers": "texts", "models": "texts", "python": "text",
        "platform": "text", "label": "text?", "command": "texts?", "external_tracing": "bool?",
        "settings_blob": "digest?",
    },
    "step.begin": {},
    "verdict": {
        "attempt": "count", "stage": "stage", "tree": "digest", "status": "status",
        "verdict_blob": "digest", "counts": "counts", "rules": "counts", "reason": "text",
        "blobs": "digests", "judged": "text?", "duration_ms": "count?",
    },
    "model.request": {
        "key": "digest", "model": "text", "purpose": "text", "prompt_blob": "digest",
        "slot": "count?", "view": "text?",
    },
    "model.reply": {
        "key": "digest", "model": "text", "reply_blob": "digest", "input_tokens": "count",
        "output_tokens": "count", "micro_usd": "count|null", "latency_ms": "count",
        "finish": "text|null", "purpose": "text?", "response_id": "text?", "estimated": "bool?",
        "tries": "count?",
    },
    "model.failure": {
        "key": "digest", "model": "text", "error": "text", "message": "text", "retryable": "bool",
    },
    "patch": {
        "attempt": "count", "patch_blob": "digest|null", "base_tree": "digest",
        "result_tree": "digest|null", "origin": "text", "answers": "texts", "edits": "count",
        "refusals": "objects", "hunks": "objects?", "notes": "list?",
    },
    "attempt": {
        "attempt": "count", "tree": "digest", "parent": "digest|null", "status": "outcome",
        "errors": "texts", "fixed": "texts", "new": "texts", "kept": "texts", "best": "bool",
        "returned": "texts?", "set_aside": "bool?",
    },
    "round": {
        "attempt": "count", "candidates": "count", "asked": "count", "origins": "texts",
        "why_fewer": "text",
    },
    "budget": {"spend": "counts", "spent": "text?"},
    "interrupted": {"signal": "text"},
    "resumed": {"from_seq": "count", "changed": "texts"},
    "torn": {"bytes": "count", "torn_sha256": "digest"},
    "note": {"text": "text", "author": "text?"},
    "tombstone": {"removed": "texts", "reason": "text", "author": "text"},
    "run.end": {
        "status": "text", "stop": "text", "best_tree": "digest?", "best_attempt": "count|null?",
        "message": "text?", "spend": "counts?",
    },
}  # fmt: skip


def names() -> tuple[str, ...]:
    """Return the names of all schemas of records."""
    return ("event", *(f"event.{kind}" for kind in KINDS), "run-header", "index-line")


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) called `name`. Raises InputError for any other name."""
    if name == "run-header":
        return {"$schema": DIALECT, "title": "run.json", **_header()}
    if name == "index-line":
        return {"$schema": DIALECT, "title": "a line of index.jsonl", **_index_line()}
    if name == "event":
        choices = [
            {
                "if": {"properties": {"kind": {"const": kind}}},
                "then": {"properties": {"data": data}},
            }
            for kind, data in ((kind, _data(kind)) for kind in KINDS)
        ]
        return {"$schema": DIALECT, "title": "event", **_envelope(), "allOf": choices}
    kind = name.removeprefix("event.")
    if not name.startswith("event.") or kind not in KINDS:
        raise InputError(f"no schema {name!r}: use one of {', '.join(names())}")
    envelope = _envelope()
    envelope["properties"] |= {"kind": {"const": kind}, "data": _data(kind)}
    return {"$schema": DIALECT, "title": f"event of kind {kind}", **envelope}


def _envelope() -> dict[str, Any]:
    properties: dict[str, Any] = {
        "v": {"const": VERSION},
        "seq": {"type": "integer", "minimum": 0},
        "prev": _DIGEST,
        "ts": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"},
        "mono_ms": {"type": "integer", "minimum": 0},
        "kind": _TEXT,
        "step": {"type": ["string", "null"]},
        "actor": _TEXT,
        "cause": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "data": {"type": "object"},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _data(kind: str) -> dict[str, Any]:
    fields = KINDS[kind]
    properties = {key: _type(word.rstrip("?")) for key, word in fields.items()}
    properties |= {"redactions": _TYPES["counts"], "redacted": _TYPES["digests"]}
    required = [key for key, word in fields.items() if not word.endswith("?")]
    return {"type": "object", "required": required, "properties": properties}


def _type(word: str) -> dict[str, Any]:
    name, bar, _ = word.partition("|")
    return {"anyOf": [_TYPES[name], {"type": "null"}]} if bar else _TYPES[name]


def _header() -> dict[str, Any]:
    text = {"type": ["string", "null"]}
    seal = {
        "type": ["object", "null"],
        "required": ["count", "head"],
        "properties": {"count": _COUNT, "head": _DIGEST},
    }
    properties: dict[str, Any] = {
        "v": {"const": VERSION}, "run": _TEXT, "started": _TEXT, "updated": _TEXT,
        "events": _COUNT, "status": text, "stop": text, "experiment": text, "bundle": text,
        "label": text, "tool": text, "models": _TYPES["texts"], "rules": _TYPES["counts"],
        "attempts": _COUNT, "errors_left": {"type": ["integer", "null"]},
        "spend": {"type": "object"}, "elapsed_ms": _COUNT, "seal": seal,
    }  # fmt: skip
    return {"type": "object", "required": list(properties), "properties": properties}


def _index_line() -> dict[str, Any]:
    properties: dict[str, Any] = {
        "v": {"const": VERSION},
        "seq": _COUNT,
        "prev": _DIGEST,
        "ts": _TEXT,
        "run": _TEXT,
        "count": _COUNT,
        "head": _DIGEST,
        "status": _TEXT,
    }
    return {"type": "object", "required": list(properties), "properties": properties}

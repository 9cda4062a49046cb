"""ATIF 1.7: a run as an agent trajectory, for Harbor's viewer and the tools around it.

Judging is an agent step without a model call (`llm_call_count` 0) that calls the tool `validate`; a
model's answer is an agent step that calls `apply_patch`, whose observation says what became of it.
"""

from __future__ import annotations

import json
from typing import Any

from ohgw_agent.trace.blame import reply_before
from ohgw_agent.trace.event import Event
from ohgw_agent.trace.export_options import ExportOptions
from ohgw_agent.trace.fields import mapping, number, strings, text
from ohgw_agent.trace.history import History
from ohgw_agent.trace.judged import Proposed, Said
from ohgw_tools.errors import TraceDamaged

NAME = "atif"
SUMMARY = "an agent trajectory (ATIF 1.7), for Harbor and its viewers"
TAKES = frozenset[str]()

_MOST = 20_000


def export(history: History, options: ExportOptions) -> str:
    """Return one trajectory."""
    start, spend = history.start, history.spend()
    models = strings(start, "models")
    steps = _steps(history)
    body = {
        "schema_version": "ATIF-v1.7",
        "session_id": history.id,
        "agent": {
            "name": "ohgw-agent",
            "version": text(start, "version") or "0",
            "model_name": models[0] if models else None,
            "extra": {
                "rules_digest": text(start, "rules_digest"),
                "contract": text(mapping(start, "contract"), "name"),
            },
        },
        "steps": [{"step_id": n, **step} for n, step in enumerate(steps, 1)],
        "final_metrics": {
            "total_prompt_tokens": number(spend, "input_tokens"),
            "total_completion_tokens": number(spend, "output_tokens"),
            "total_cost_usd": number(spend, "micro_usd") / 1_000_000,
            "total_steps": len(steps),
        },
        "extra": {"head": history.reader.events[-1].digest, "tree": history.final_tree},
    }
    return json.dumps(_without_none(body), indent=1, ensure_ascii=False) + "\n"


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value


def _steps(history: History) -> list[dict[str, Any]]:
    experiment = text(history.start, "experiment")
    first = history.reader.events[0]
    message = f"Repair the experiment bundle {experiment} until it is ready to run."
    steps: list[dict[str, Any]] = [{"timestamp": first.ts, "source": "user", "message": message}]
    said = {s.event.seq: s for s in history.verdicts}
    patches = {p.event.seq: p for p in history.patches.values()}
    answers = {patch.event.seq: reply_before(history, patch) for patch in patches.values()}
    read = {reply.seq: seq for seq, reply in reversed(answers.items()) if reply is not None}
    for event in history.reader.events:
        if event.kind == "model.reply" and event.seq not in read:
            steps.append(_answer(history, event))
        elif event.seq in patches:
            reply = answers[event.seq]
            own = reply if reply and read[reply.seq] == event.seq else None  # told of once
            steps.append(_patch(history, patches[event.seq], own))
        elif event.seq in said and said[event.seq].stage != "patch":
            steps.append(_verdict(said[event.seq]))
    return steps


def _answer(history: History, reply: Event) -> dict[str, Any]:
    cost = reply.data.get("micro_usd")
    return {
        "timestamp": reply.ts,
        "source": "agent",
        "model_name": text(reply.data, "model"),
        "message": _words(history, reply),
        "llm_call_count": 1,
        "metrics": {
            "prompt_tokens": number(reply.data, "input_tokens"),
            "completion_tokens": number(reply.data, "output_tokens"),
            "cost_usd": cost / 1_000_000 if isinstance(cost, int) else None,
        },
    }


def _words(history: History, reply: Event) -> str:
    try:
        body = history.reader.json(text(reply.data, "reply_blob"))
    except TraceDamaged as error:
        return f"(not in the record: {error})"
    return str(body.get("text", ""))[:_MOST] if isinstance(body, dict) else ""


def _patch(history: History, patch: Proposed, reply: Event | None) -> dict[str, Any]:
    step: dict[str, Any] = {"timestamp": patch.event.ts, "source": "agent", "message": ""}
    if reply is not None:
        step |= _answer(history, reply)
    else:
        step |= {"message": patch.patch.note if patch.patch else "", "llm_call_count": 0}
    edits = [e.model_dump(mode="json") for e in patch.patch.edits] if patch.patch else []
    came = f"tree {patch.result_tree}" if patch.result_tree else "refused"
    reasons = [f"{text(r, 'code')}: {text(r, 'message')}" for r in patch.refusals]
    return {
        **step,
        "tool_calls": [
            {
                "tool_call_id": patch.id,
                "function_name": "apply_patch",
                "arguments": {"edits": edits, "answers": list(patch.answers)},
            }
        ],
        "observation": {
            "results": [{"source_call_id": patch.id, "content": "\n".join([came, *reasons])}]
        },
        "extra": {"origin": patch.origin, "attempt": patch.attempt},
    }


def _verdict(said: Said) -> dict[str, Any]:
    findings = [
        {
            "rule": f.rule,
            "severity": f.severity,
            "place": f.place,
            "message": f.message,
            "fingerprint": f.fingerprint,
        }
        for f in said.findings
    ]
    content = json.dumps({"status": said.status, "findings": findings}, ensure_ascii=False)
    tree = text(said.event.data, "tree")
    return {
        "timestamp": said.event.ts,
        "source": "agent",
        "message": "",
        "llm_call_count": 0,
        "tool_calls": [
            {
                "tool_call_id": said.id,
                "function_name": "validate",
                "arguments": {"stage": said.stage, "tree": tree},
            }
        ],
        "observation": {"results": [{"source_call_id": said.id, "content": content}]},
        "extra": {"attempt": said.attempt, "reason": said.verdict.reason},
    }

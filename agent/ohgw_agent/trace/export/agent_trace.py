"""Agent Trace 0.1: which lines of the delivered files were written by whom."""

from __future__ import annotations

import json
import uuid
from itertools import groupby
from typing import Any

from ohgw_agent.trace.blame import Line, blame
from ohgw_agent.trace.export_options import ExportOptions
from ohgw_agent.trace.fields import text
from ohgw_agent.trace.history import History
from ohgw_agent.trace.judged import Proposed
from ohgw_tools.tree import sha256

NAME = "agent-trace"
SUMMARY = "who wrote which lines of the delivered files (Agent Trace 0.1)"
TAKES = frozenset[str]()


def export(history: History, options: ExportOptions) -> str:
    """Return one trace record. Lines that came with the input are not listed."""
    files = []
    for path in history.reader.manifest(history.final_tree):
        conversations = _conversations(history, blame(history, path))
        if conversations:
            files.append({"path": path, "conversations": conversations})
    record = {
        "version": "0.1",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:ohgw:run:{history.id}")),
        "timestamp": history.reader.events[-1].ts,
        "tool": {"name": "ohgw-agent", "version": text(history.start, "version")},
        "files": files,
        "metadata": {
            "ohgw.run": history.id,
            "ohgw.head": history.reader.events[-1].digest,
            "ohgw.tree": history.final_tree,
        },
    }
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def _conversations(history: History, lines: list[Line]) -> list[dict[str, Any]]:
    """One for each patch, with the ranges of lines that it wrote."""
    found: dict[str, dict[str, Any]] = {}
    for name, block in groupby(lines, key=lambda line: line.patch.id if line.patch else ""):
        run = list(block)
        patch = run[0].patch
        if patch is not None:
            made = found.setdefault(name, _conversation(history, patch))
            made["ranges"].append(_range(run))
    return list(found.values())


def _conversation(history: History, patch: Proposed) -> dict[str, Any]:
    url = f"urn:ohgw:run:{history.id}:event:{patch.event.seq}"
    return {"url": url, "contributor": _contributor(patch), "ranges": []}


def _contributor(patch: Proposed) -> dict[str, str]:
    """A model is `ai`. A recipe is neither that nor a person: `unknown` is what the format has."""
    if patch.event.actor.startswith("model:") or patch.origin.startswith("chat"):
        model = patch.origin.removeprefix("chat:") or patch.event.actor.removeprefix("model:")
        return {"type": "ai", "model_id": model[:250]}
    return {"type": "human" if patch.event.actor == "human" else "unknown"}


def _range(block: list[Line]) -> dict[str, Any]:
    words = "".join(line.text for line in block).encode()
    return {
        "start_line": block[0].number,
        "end_line": block[-1].number,
        "content_hash": f"sha256:{sha256(words)}",
    }

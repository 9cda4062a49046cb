"""SarifFix: recorded patches as `fix` objects of SARIF 2.1.0 (section 3.55).

A fix belongs to a finding that its patch answered, in the tree that the patch changed. Only patches
that led to the delivered tree are fixes: others were tried and given up.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ohgw_agent.trace.blame import lines_of
from ohgw_agent.trace.history import History
from ohgw_agent.trace.judged import Candidate, Proposed

if TYPE_CHECKING:
    from ohgw_tools.tree import Tree


def fixes(history: History, attempt: Candidate, base_id: str | None) -> dict[str, list[Any]]:
    """The fixes of an attempt's findings, by fingerprint. A patch that names none of them is a fix
    of those that were gone after it. Paths are relative to `base_id`, if there is one.
    """
    found: dict[str, list[Any]] = {}
    held = {finding.fingerprint for finding in attempt.findings}
    for patch in history.path_to(history.final_tree):
        if patch.base_tree != attempt.tree:
            continue
        made = next((a for a in history.attempts if a.number == patch.attempt), None)
        mended = made.listed("fixed") if made else ()
        answered = [f for f in patch.answers if f in held] or [f for f in mended if f in held]
        for fingerprint in answered:
            found.setdefault(fingerprint, []).append(_fix(history, patch, base_id))
    return found


def _fix(history: History, patch: Proposed, base_id: str | None) -> dict[str, Any]:
    assert patch.result_tree is not None, "only patches that applied lead to a tree"
    before = history.reader.tree(patch.base_tree, allow_redacted=True)
    after = history.reader.tree(patch.result_tree, allow_redacted=True)
    note = patch.patch.note if patch.patch else ""
    words = f"{patch.id} by {patch.origin or 'tool'}{': ' if note else ''}{note}"
    return {
        "description": {"text": words[:1000]},
        "artifactChanges": list(_changes(before, after, base_id)),
    }


def _changes(before: Tree, after: Tree, base_id: str | None) -> Iterator[dict[str, Any]]:
    for path in sorted(set(before) | set(after)):
        old, new = before.get(path, ""), after.get(path, "")
        if old != new:
            location = {"uri": quote(path)} | ({"uriBaseId": base_id} if base_id else {})
            yield {"artifactLocation": location, "replacements": list(replacements(old, new))}


def replacements(old: str, new: str) -> Iterator[dict[str, Any]]:
    """Yield what to put in the place of which region of `old` to have `new`; whole lines."""
    before, after = lines_of(old), lines_of(new)
    for tag, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            start, end = _place(before, i), _place(before, j)
            region = {"startLine": start[0], "startColumn": start[1]}
            change: dict[str, Any] = {
                "deletedRegion": region | {"endLine": end[0], "endColumn": end[1]}
            }
            if k < m:
                change["insertedContent"] = {"text": "".join(after[k:m])}
            yield change


def _place(lines: list[str], index: int) -> tuple[int, int]:
    """Line and column of the beginning of a line, or of the end of the text."""
    if index and index == len(lines) and not lines[-1].endswith("\n"):
        return index, len(lines[-1]) + 1
    return index + 1, 1

"""addressed-reviewer: text in the bundle that speaks to whoever judges it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ohgw_tools.editing.change import Change
from ohgw_tools.finding import Finding, IssueKind, Severity

NAME = "guard-addressed-reviewer"
CRITERION = "preservation"
KIND: IssueKind = "structural-change"
SEVERITY: Severity = "error"
SUMMARY = "A patch speaks to the reviewer instead of changing the experiment."

_ORDERS = re.compile(
    r"(?:ignore|disregard|forget|override)\s+(?:all\s+|any\s+|the\s+|your\s+)*(?:previous|prior|above"
    r"|earlier|other|system)?\s*(?:instructions?|prompts?|rules?|guidelines|criteria|findings)"
    r"|is_experiment_code_ready|experiment_code_issue"
    r"|(?:mark|rate|report|return|answer|consider|judge|accept|approve|declare|classify)\w*\s+"
    r"(?:this|it|the)?\s*(?:bundle|code|experiment|patch|file|as)?\s*(?:as\s+)?"
    r"(?:ready|valid|approved|complete|passing|correct)\b"
    r"|(?:do\s+not|don't|never|no\s+need\s+to)\s+(?:flag|report|check|review|reject|mention|warn)"
    r"|<\|\w+\|>|\[/?INST\]|<</?SYS>>|^\s*#?\s*(?:system|assistant)\s*:",
    re.IGNORECASE,
)
_READERS = re.compile(
    r"\b(?:dear|note\s+(?:to|for)|attention|hi|hello|hey)\b.{0,30}"
    r"\b(?:reviewer|judge|validator|evaluator|auditor|grader|ai|llm|model|assistant|agent)s?\b"
    r"|\b(?:reviewer|judge|validator|grader)s?\b\s*[:,]"
    r"|\b(?:already|fully|thoroughly|manually)\s+(?:reviewed|verified|validated|approved|audited)"
    r"|\b(?:passes|passed|satisfies|meets)\s+all\s+(?:checks|criteria|validation|tests|requirements)"
    r"|\bverified\s+by\b|\bready\s+for\s+(?:production|publication|research\s+paper)",
    re.IGNORECASE,
)
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")


def inspect(change: Change) -> Iterator[Finding]:
    """Refuse orders to the reviewer and invisible characters; show claims of being checked."""
    for path in change.paths:
        for number, line in change.added(path).items():
            order, claim = _ORDERS.search(line), _READERS.search(line)
            if _INVISIBLE.search(line):
                message = "the line holds invisible characters"
                yield change.finding(__name__, message, path, number)
            elif order:
                message = f"the line gives orders to its reader: {order.group()[:80]!r}"
                yield change.finding(__name__, message, path, number)
            elif claim:
                message = f"the line speaks to its reviewer: {claim.group()[:80]!r}"
                yield change.finding(__name__, message, path, number, severe=False)

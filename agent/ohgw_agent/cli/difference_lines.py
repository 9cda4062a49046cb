"""DifferenceLines: two runs compared, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ohgw_agent.cli.terminal import harmless
from ohgw_agent.trace.fields import number
from ohgw_agent.trace.measure import duration, money

if TYPE_CHECKING:
    from ohgw_agent.trace.difference import Difference
    from ohgw_agent.trace.history import History
    from ohgw_tools.finding import Finding


def lines(a: History, b: History, found: Difference) -> Iterator[str]:
    """Yield what differs, A first."""
    yield f"A  {harmless(a.id)}  {_result(a)}"
    yield f"B  {harmless(b.id)}  {_result(b)}"
    for name, (left, right) in found.settings.items():
        yield f"begun with another {harmless(name)}: {_short(left)} and {_short(right)}"
    if found.parted is None:
        yield f"the same way all along ({len(a.attempts)} attempts)"
    else:
        yield f"they part at attempt {found.parted}: {harmless(found.parted_in)}"
    yield "the same tree in the end" if found.same_tree else "other trees in the end"
    for title, findings in (
        ("mended in B, left in A", found.fixed),
        ("new in B, never seen in A", found.new),
        ("back in B: mended before, or mended in A", found.regressed),
        ("left in both", found.shared),
    ):
        yield from _findings(title, findings)
    for name, left, right in costs(found):
        yield f"{name}: {left} and {right}"


def _result(history: History) -> str:
    if history.end is None:
        return "open"
    data = history.end.data
    return harmless(f"{data.get('status')} ({data.get('stop')})")


def _findings(title: str, findings: tuple[Finding, ...]) -> Iterator[str]:
    if findings:
        yield f"{title}: {len(findings)}"
    for finding in findings:
        message = harmless(finding.message, limit=160)
        yield f"  {harmless(finding.place)}: {harmless(finding.rule)}: {message}"


def costs(found: Difference) -> Iterator[tuple[str, str, str]]:
    """Yield what each run spent, in words: name, A, B."""
    left, right = found.spend
    for name in ("attempts", "calls", "input_tokens", "output_tokens"):
        yield name.replace("_", " "), str(number(left, name)), str(number(right, name))
    for name in ("elapsed_ms", "sandbox_ms"):
        words = name.removesuffix("_ms")
        yield words, duration(number(left, name)), duration(number(right, name))
    yield "money", money(number(left, "micro_usd")), money(number(right, "micro_usd"))


def _short(value: object) -> str:
    words = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return harmless(words[:12] if len(words) == 64 else words, limit=80)


def as_json(a: History, b: History, found: Difference) -> dict[str, Any]:
    """Return the comparison as one JSON object."""
    return {
        "a": a.id,
        "b": b.id,
        "same": found.same,
        "settings": {name: list(pair) for name, pair in found.settings.items()},
        "parted": found.parted,
        "parted_in": found.parted_in,
        "same_tree": found.same_tree,
        "spend": [dict(found.spend[0]), dict(found.spend[1])],
        **{
            name: [_finding_json(finding) for finding in getattr(found, name)]
            for name in ("fixed", "new", "regressed", "shared")
        },
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    keys = {"rule", "severity", "path", "message"}
    return {"fingerprint": finding.fingerprint, **finding.model_dump(mode="json", include=keys)}

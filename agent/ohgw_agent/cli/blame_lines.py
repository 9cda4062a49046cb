"""BlameLines: the origins of lines, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ohgw_agent.cli.terminal import harmless
from ohgw_agent.trace.fields import text

if TYPE_CHECKING:
    from ohgw_agent.trace.blame import Account, Motive
    from ohgw_agent.trace.history import History


def gutter(accounts: Sequence[Account]) -> Iterator[str]:
    """Yield each line behind its patch and the rule that it answers."""
    labels = [_label(account) for account in accounts]
    width = max((len(label) for label in labels), default=0)
    digits = len(str(len(accounts)))
    for label, account in zip(labels, accounts, strict=True):
        words = harmless(account.line.text.rstrip("\n").expandtabs(4), limit=400)
        yield f"{label:{width}}  {account.line.number:{digits}}  {words}".rstrip()


def _label(account: Account) -> str:
    if account.line.patch is None:
        return "input"
    rules = sorted({motive.finding.rule for motive in account.motives})
    return harmless(f"{account.line.patch.id} {', '.join(rules) or 'unmotivated'}", limit=40)


def in_full(history: History, path: str, account: Account) -> Iterator[str]:
    """Yield all that is known of one line."""
    line = account.line
    yield f"{harmless(path)}:{line.number}: {harmless(line.text.rstrip())}"
    patch = line.patch
    if patch is None:
        yield "  came with the input; no patch touched it"
        return
    note = patch.patch.note if patch.patch else ""
    yield f"  written by {patch.id} (event {patch.event.id}, {patch.event.ts})"
    yield f"    from {harmless(patch.origin)}: {harmless(note, limit=300)}"
    if account.reply is not None:
        model = harmless(text(account.reply.data, "model"))
        yield f"    read from the answer of {model} in event {account.reply.id}"
    if not account.motives:
        yield "  unmotivated: the patch names no finding that any verdict held"
    for motive in account.motives:
        yield from _motive(motive)
    for earlier in account.tried_before:
        why = "was refused" if earlier.result_tree is None else "did not stay"
        yield f"  tried before: {earlier.id} from {harmless(earlier.origin)}, which {why}"


def _motive(motive: Motive) -> Iterator[str]:
    finding, said = motive.finding, motive.said
    yield f"  in answer to {said.id} ({said.stage}, event {said.event.id})"
    yield f"    rule {harmless(finding.rule)} at {harmless(finding.place)}, {finding.fingerprint}"
    yield f"    {harmless(finding.message, limit=400)}"
    for evidence in finding.evidence:
        where = f":{evidence.region.start_line}" if evidence.region else ""
        yield f"    evidence: {evidence.kind} {harmless(evidence.path)}{where}"
        for quoted in evidence.quote.splitlines()[:8]:
            yield f"      | {harmless(quoted, limit=200)}"


def as_json(account: Account) -> dict[str, Any]:
    """Return one line with its origin as JSON."""
    patch = account.line.patch
    body: dict[str, Any] = {"line": account.line.number, "text": account.line.text}
    if patch is None:
        return {**body, "origin": "input"}
    return {
        **body,
        "origin": patch.origin,
        "patch": patch.id,
        "event": patch.event.seq,
        "reply_event": account.reply.seq if account.reply else None,
        "unmotivated": not account.motives,
        "answers": [
            {
                "verdict": motive.said.number,
                "event": motive.said.event.seq,
                "stage": motive.said.stage,
                "fingerprint": motive.finding.fingerprint,
                **motive.finding.model_dump(mode="json", include={"rule", "path", "message"}),
                "evidence": [e.model_dump(mode="json") for e in motive.finding.evidence],
            }
            for motive in account.motives
        ],
        "tried_before": [earlier.id for earlier in account.tried_before],
    }

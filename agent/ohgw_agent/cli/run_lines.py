"""RunLines: a recorded run as lines for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ohgw_agent.cli.terminal import harmless
from ohgw_agent.trace.event import LONG_MARK
from ohgw_agent.trace.fields import mapping, number, text
from ohgw_agent.trace.measure import counted, duration, money

if TYPE_CHECKING:
    from ohgw_agent.trace.history import History
    from ohgw_agent.trace.judged import Candidate, Said
    from ohgw_tools.finding import Finding


def overview(history: History) -> Iterator[str]:
    """Yield what a run was, each attempt with its verdicts, and what it came to."""
    start = history.start
    contract = mapping(start, "contract")
    yield f"run         {harmless(history.id)}"
    yield f"experiment  {harmless(text(start, 'experiment'))}  {_short(mapping(start, 'bundle'))}"
    sandbox = harmless(text(start, "sandbox"))
    yield f"contract    {harmless(text(contract, 'name'))}, sandbox {sandbox}"
    yield f"result      {harmless(_result(history))}"
    yield f"spent       {harmless(_spent(history))}"
    yield ""
    for attempt in history.attempts:
        yield from _attempt(attempt)
    for event in history.reader.of_kind("interrupted", "resumed", "torn", "note", "tombstone"):
        yield f"  {event.id} {harmless(event.kind)} at {harmless(event.ts)}: {_brief(event.data)}"
    yield ""
    yield f"head        {history.reader.events[-1].digest}"


def _result(history: History) -> str:
    if history.end is None:
        return "open: the run has not ended; `ohgw-agent resume` goes on with it"
    data = history.end.data
    why = text(data, "message").partition(LONG_MARK)[0]
    return f"{text(data, 'status')} ({text(data, 'stop')}{': ' + why if why else ''})"


def _spent(history: History) -> str:
    spend = history.spend()
    tokens = number(spend, "input_tokens") + number(spend, "output_tokens")
    elapsed = history.reader.events[-1].mono_ms
    parts = [counted(number(spend, "attempts"), "attempt"), duration(elapsed)]
    if number(spend, "calls"):
        parts.append(f"{counted(number(spend, 'calls'), 'model call')} with {tokens} tokens")
        parts.append(money(number(spend, "micro_usd")))
    return ", ".join(parts)


def _attempt(attempt: Candidate) -> Iterator[str]:
    best = " (best so far)" if attempt.event and attempt.event.data.get("best") else ""
    yield f"attempt {attempt.number}: {harmless(attempt.status)}{best}  tree {attempt.tree[:12]}"
    patch = attempt.patch
    if patch is not None:
        note = patch.patch.note if patch.patch else "an answer that is no patch"
        yield f"  {patch.id}  {harmless(patch.origin or 'patch')}: {harmless(note, limit=160)}"
        for refusal in patch.refusals:
            code, message = text(refusal, "code"), text(refusal, "message")
            yield f"      refused: {harmless(code)}: {harmless(message, limit=300)}"
    for said in attempt.verdicts:
        yield f"  {said.id}  {_verdict_line(said)}"
    if attempt.number and attempt.event and not attempt.refused:
        fixed, new = len(attempt.listed("fixed")), len(attempt.listed("new"))
        yield f"      {fixed} mended, {new} new, {len(attempt.errors)} left"


def _verdict_line(said: Said) -> str:
    counts = mapping(said.event.data, "counts")
    words = [counted(number(counts, key), key) for key in ("error", "warning") if counts.get(key)]
    reason = text(said.event.data, "reason").partition(LONG_MARK)[0]
    line = f"{said.stage} {said.status}"
    if words:
        line += ": " + ", ".join(words)
    return harmless(f"{line}  {reason}" if reason else line, limit=300)


def verdict(said: Said) -> Iterator[str]:
    """Yield one verdict with every finding and its evidence."""
    yield f"{said.id}  attempt {said.attempt}, event {said.event.id}, {harmless(said.event.ts)}"
    yield f"stage {harmless(said.stage)}: {harmless(said.status)}"
    if said.verdict.reason:
        yield f"reason: {harmless(said.verdict.reason)}"
    for finding in said.findings:
        yield ""
        yield from _finding(finding)
    for name, digest in mapping(said.event.data, "blobs").items():
        yield f"evidence {harmless(name)}: blob {harmless(str(digest))}"


def _finding(finding: Finding) -> Iterator[str]:
    waived = f"  (waived: {harmless(finding.waived)})" if finding.waived is not None else ""
    head = f"{harmless(finding.place)}: {finding.severity} [{harmless(finding.rule)}]"
    yield f"{head} {finding.fingerprint}{waived}"
    yield f"  {harmless(finding.message)}"
    for evidence in finding.evidence:
        line = f":{evidence.region.start_line}" if evidence.region else ""
        source = f"{evidence.kind} {harmless(evidence.path)}{line}"
        yield f"  {source} {harmless(evidence.note)}".rstrip()
        for quoted in evidence.quote.splitlines()[:12]:
            yield f"    | {harmless(quoted, limit=200)}"


def as_json(history: History) -> dict[str, Any]:
    """Return the run as one JSON object, findings and all."""
    return {
        "run": history.id,
        "start": dict(history.start),
        "end": None if history.end is None else dict(history.end.data),
        "spend": dict(history.spend()),
        "elapsed_ms": history.reader.events[-1].mono_ms,
        "final_tree": history.final_tree,
        "head": history.reader.events[-1].digest,
        "attempts": [_attempt_json(attempt) for attempt in history.attempts],
    }


def _attempt_json(attempt: Candidate) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "status": attempt.status,
        "tree": attempt.tree,
        "patch": None if attempt.patch is None else dict(attempt.patch.event.data),
        "fixed": list(attempt.listed("fixed")),
        "new": list(attempt.listed("new")),
        "kept": list(attempt.listed("kept")),
        "verdicts": [verdict_json(said) for said in attempt.verdicts],
    }


def verdict_json(said: Said) -> dict[str, Any]:
    """Return one verdict as JSON, with its number and each finding's fingerprint."""
    body = said.verdict.model_dump(mode="json")
    body["findings"] = [
        {**f.model_dump(mode="json"), "fingerprint": f.fingerprint} for f in said.findings
    ]
    return {"verdict": said.number, "event": said.event.seq, "attempt": said.attempt, **body}


def _short(bundle: object) -> str:
    digest = text(bundle, "digest") if isinstance(bundle, dict) else ""
    return f"bundle {digest[:12]}" if digest else ""


def _brief(data: object) -> str:
    import json

    return harmless(json.dumps(data, sort_keys=True), limit=200)

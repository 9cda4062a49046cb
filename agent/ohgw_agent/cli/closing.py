"""Closing: the last report of a run, for people or as one JSON object."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from ohgw_agent.cli.terminal import harmless

if TYPE_CHECKING:
    from ohgw_agent.outcome import Trace
    from ohgw_agent.proposer import Attempt

SHOWN = 40
NOT_WRITTEN = "not written: it holds a secret; give --output FILE"


def as_json(trace: Trace, output: str | None) -> dict[str, Any]:
    """Return the whole outcome as JSON: one object, nothing cut."""
    judgement = trace.judgement
    return {
        "run": trace.run_id,
        "folder": str(trace.folder),
        "ready": trace.ready,
        "status": judgement.status if judgement else "undecided",
        "stop": trace.stop,
        "why": trace.why,
        "exit_code": trace.exit_code,
        "output": output,
        "tree": trace.bundle.derived.digest,
        "head": trace.head,
        "spend": trace.spend.model_dump(mode="json"),
        "not_checked": not_checked(trace),
        "findings": [
            {**f.model_dump(mode="json"), "fingerprint": f.fingerprint}
            for f in (judgement.findings if judgement else ())
        ],
        "attempts": [_attempt_json(a) for a in trace.attempts],
    }


def as_seed(trace: Trace) -> str:
    """Return the verdict in the original pipeline's shape."""
    form = (
        trace.judgement.seed_form()
        if trace.judgement
        else {
            "is_experiment_code_ready": False,
            "experiment_code_issue": f"undecided: {trace.why}",
        }
    )
    return json.dumps(form, ensure_ascii=False, indent=2)


def as_text(trace: Trace, output: str | None) -> str:
    """Return the report for people: what came of it, what was done, what is left, what to trust."""
    lines = [f"{'READY' if trace.ready else 'NOT READY'} ({trace.stop}: {harmless(trace.why)})", ""]
    lines += [_attempt_line(a) for a in trace.attempts]
    lines += _left(trace)
    lines += _settled(trace)
    lines += [f"not checked: {text}" for text in not_checked(trace)]
    spend = trace.spend
    tokens = f", {spend.input_tokens} + {spend.output_tokens} tokens" if spend.calls else ""
    lines += [
        "",
        f"spent: {spend.attempts} attempts, {spend.elapsed_ms / 1000:.1f} s{tokens}",
        f"delivered: {output or NOT_WRITTEN}",
        f"record: {trace.folder}  (ohgw-agent runs show {trace.run_id})",
        f"head: {trace.head}",
    ]
    return "\n".join(lines)


def not_checked(trace: Trace) -> list[str]:
    """Say which stages nobody asked for, so that a pass is not taken for more than it is."""
    judgement = trace.judgement
    if judgement is None:
        return ["everything"]
    seen = {v.stage for v in judgement.verdicts}
    texts = []
    if "sandbox" not in judgement.required:
        texts.append("the code was not run (--static-only)")
    elif "sandbox" not in seen:
        texts.append("the code was not run: an earlier stage did not pass")
    if "review" not in judgement.required:
        texts.append("no model reviewed whether the code does what the description says")
    return texts


def _attempt_json(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "tree": attempt.tree,
        "parent": attempt.parent,
        "origin": attempt.patch.origin if attempt.patch else None,
        "note": attempt.patch.note if attempt.patch else None,
        "status": attempt.judgement.status,
        "verdicts": [
            {
                "stage": v.stage,
                "status": v.status,
                "errors": len(v.errors),
                "findings": len(v.findings),
                "reason": v.reason,
            }
            for v in attempt.judgement.verdicts
        ],
        "fixed": list(attempt.fixed),
        "new": list(attempt.new),
        "kept": list(attempt.kept),
    }


def _attempt_line(attempt: Attempt) -> str:
    stages = ", ".join(f"{v.stage} {v.status}" for v in attempt.judgement.verdicts)
    what = "the input"
    if attempt.patch:
        what = f"{attempt.patch.origin}: {attempt.patch.note}"
    elif attempt.number:
        what = "an answer that is no patch"
    change = ""
    if attempt.number:
        counts = f"{len(attempt.fixed)} mended, {len(attempt.new)} new"
        change = f"  ({'refused, nothing changed' if attempt.refused else counts})"
    return f"{attempt.number:3}  {harmless(what, limit=160)}{change}\n     {stages}"


def _settled(trace: Trace) -> list[str]:
    """What is done where the description contradicts itself, as the code says."""
    found = trace.judgement.findings if trace.judgement else ()
    settled = [f for f in found if f.data.get("settled")]
    if not settled:
        return []
    lines = ["", "where the description contradicts itself, the delivered code says what is done:"]
    for finding in settled[:SHOWN]:
        lines.append(f"  {harmless(finding.place)}: {harmless(finding.message, limit=400)}")
    return lines


def _left(trace: Trace) -> list[str]:
    errors = trace.judgement.errors if trace.judgement else ()
    if not errors:
        return []
    lines = ["", f"left to mend: {len(errors)}"]
    for finding in errors[:SHOWN]:
        place, message = harmless(finding.place), harmless(finding.message, limit=400)
        lines.append(f"  {place}: {finding.rule}: {message}")
    if len(errors) > SHOWN:
        rest = Counter(f.rule for f in errors[SHOWN:])
        more = ", ".join(f"{n} {rule}" for rule, n in rest.most_common())
        lines.append(f"  and {len(errors) - SHOWN} more: {more}")
    return lines

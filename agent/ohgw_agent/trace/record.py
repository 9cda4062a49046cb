"""Record: the values of a run written as events and read back, each kind in one place.

What the loop writes goes through here, so that field names stand in one file; what it reads back on
resuming is equal to what it wrote. Secrets are redacted on the way: a value that is shown, sent or
decided on should be the one that these functions return, not the one that was passed in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel

from ohgw_agent.budget import Budget, Spend
from ohgw_agent.chat_model import Question, Reply
from ohgw_agent.trace.event import Event, Json
from ohgw_agent.trace.reader import Reader
from ohgw_agent.trace.run import Run
from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Patch
from ohgw_tools.errors import TraceDamaged
from ohgw_tools.tree import Tree
from ohgw_tools.verdict import Judgement, Verdict

Model = TypeVar("Model", bound=BaseModel)


def start(
    bundle: Bundle, contract: Contract, budget: Budget, *, rest: Mapping[str, object]
) -> dict[str, object]:
    """Return the data of `run.start`. `rest` holds the remaining fields named in `event`."""
    return {
        **rest,
        "experiment": bundle.experiment.id,
        "bundle": {
            "digest": bundle.digest,
            "base_tree": bundle.base,
            "derived_tree": bundle.derived,
            "rest_blob": json_bytes(bundle.model_dump(mode="json", exclude={"base", "derived"})),
        },
        "contract": {
            "name": contract.name,
            "version": contract.version,
            "contract_blob": json_bytes(contract.model_dump(mode="json")),
        },
        "required": list(contract.stages),
        "budget": budget_data(budget),
    }


def budget_data(budget: Budget) -> dict[str, Json]:
    """Return the caps as integers: milliseconds and millionths of a US dollar; None is no cap."""
    return {
        "attempts": budget.attempts,
        "ms": _thousandths(budget.seconds, 1000),
        "tokens": budget.tokens,
        "micro_usd": _thousandths(budget.usd, 1_000_000),
        "sandbox_ms": _thousandths(budget.sandbox_seconds, 1000),
        "calls": budget.calls,
    }


def _thousandths(value: float | None, scale: int) -> int | None:
    return None if value is None else round(value * scale)


def verdict(
    run: Run,
    attempt: int,
    tree: str,
    said: Verdict,
    *,
    step: str | None = None,
    actor: str = "tool",
    cause: tuple[int, ...] = (),
    duration_ms: int | None = None,
) -> Event:
    """Record what one stage said of the tree with digest `tree`."""
    counts = dict.fromkeys(("error", "warning", "info"), 0)
    rules: dict[str, int] = {}
    for finding in said.findings:
        counts[finding.severity] += finding.waived is None
        if finding.severity == "error" and finding.waived is None:
            rules[finding.rule] = rules.get(finding.rule, 0) + 1
    data: dict[str, object] = {
        "attempt": attempt,
        "stage": said.stage,
        "tree": tree,
        "status": said.status,
        "verdict_blob": json_bytes(said.model_dump(mode="json")),
        "counts": counts,
        "rules": rules,
        "reason": said.reason,
        "blobs": dict(said.blobs),
    }
    if duration_ms is not None:
        data["duration_ms"] = duration_ms
    return run.append("verdict", data, step=step, actor=actor, cause=cause)


def read_verdict(record: Run | Reader, event: Event) -> Verdict:
    """Return the verdict that was recorded, its blobs included. Raises TraceDamaged."""
    value = _read(record, event, "verdict_blob", Verdict)
    names = event.data.get("blobs")
    blobs = {
        name: record.blobs.get(str(digest))
        for name, digest in (names.items() if isinstance(names, dict) else ())
    }
    return value.model_copy(update={"blobs": blobs})


def request(run: Run, model: str, question: Question, *, cause: tuple[int, ...] = ()) -> Event:
    """Record a question before it is asked."""
    data = {
        "key": question.key(model),
        "model": model,
        "purpose": question.purpose,
        "prompt_blob": json_bytes(question.model_dump(mode="json")),
    }
    return run.append("model.request", data, actor=f"model:{model}", cause=cause)


def reply(run: Run, model: str, question: Question, answer: Reply, *, asked: Event) -> Event:
    """Record an answer. `asked` is the event of its request."""
    data = {
        "key": question.key(model),
        "model": model,
        "purpose": question.purpose,
        "reply_blob": json_bytes(answer.model_dump(mode="json")),
        "input_tokens": answer.input_tokens,
        "output_tokens": answer.output_tokens,
        "micro_usd": answer.cost_micro_usd,
        "latency_ms": answer.latency_ms,
        "finish": answer.finish,
    }
    return run.append("model.reply", data, actor=f"model:{model}", cause=(asked.seq,))


def recorded_reply(run: Run, model: str, question: Question) -> tuple[Event, Reply] | None:
    """Return the answer that this very question got before in this run, or None."""
    event = run.find("model.reply", "key", question.key(model))
    return None if event is None else (event, read_reply(run, event))


def read_reply(record: Run | Reader, event: Event) -> Reply:
    """Return a recorded answer. Raises TraceDamaged."""
    return _read(record, event, "reply_blob", Reply)


def patch(
    run: Run,
    attempt: int,
    proposed: Patch | None,
    *,
    base: Tree,
    result: Tree | None,
    refusals: tuple[object, ...] = (),
    step: str | None = None,
    cause: tuple[int, ...] = (),
) -> Event:
    """Record a patch and what it led to; `result` is None if it was refused.

    `proposed` is None where an answer came that cannot be read as a patch: then `refusals` say why.
    """
    data: dict[str, object] = {
        "attempt": attempt,
        "patch_blob": None if proposed is None else json_bytes(proposed.model_dump(mode="json")),
        "base_tree": base,
        "result_tree": result,
        "origin": proposed.origin if proposed else "",
        "answers": list(proposed.answers) if proposed else [],
        "edits": len(proposed.edits) if proposed else 0,
        "refusals": [_refusal(reason) for reason in refusals],
    }
    actor = _actor(proposed.origin if proposed else "")
    return run.append("patch", data, step=step, actor=actor, cause=cause)


def read_patch(record: Run | Reader, event: Event) -> Patch | None:
    """Return a recorded patch; None where an answer could not be read as one."""
    if event.data.get("patch_blob") is None:
        return None
    return _read(record, event, "patch_blob", Patch)


def attempt(
    run: Run,
    number: int,
    judgement: Judgement,
    *,
    parent: str | None,
    fixed: tuple[str, ...] = (),
    new: tuple[str, ...] = (),
    kept: tuple[str, ...] = (),
    best: bool = False,
    step: str | None = None,
    cause: tuple[int, ...] = (),
) -> Event:
    """Record one candidate as a whole, after its verdicts."""
    data = {
        "attempt": number,
        "tree": judgement.tree,
        "parent": parent,
        "status": judgement.status,
        "errors": [finding.fingerprint for finding in judgement.errors],
        "fixed": list(fixed),
        "new": list(new),
        "kept": list(kept),
        "best": best,
    }
    return run.append("attempt", data, step=step, cause=cause)


def budget(run: Run, spend: Spend, spent: str | None = None) -> Event:
    """Record what was used so far; `spent` names the cap that ended the run."""
    data: dict[str, object] = {"spend": spend.model_dump(mode="json")}
    if spent is not None:
        data["spent"] = spent
    return run.append("budget", data)


def read_bundle(record: Reader) -> Bundle:
    """Return the bundle that the run began with. Raises TraceError if it held a secret, since only
    its redacted form was kept, and TraceDamaged if contents are gone.
    """
    given = record.events[0].data.get("bundle")
    if not isinstance(given, dict):
        raise TraceDamaged(f"run {record.id}: its first event names no bundle")
    rest = record.json(str(given["rest_blob"]))
    trees = {
        "base": record.tree(str(given["base_tree"])),
        "derived": record.tree(str(given["derived_tree"])),
    }
    return Bundle.model_validate({**(rest if isinstance(rest, dict) else {}), **trees})


def read_contract(record: Reader) -> Contract:
    """Return the contract that the run was judged by. Raises TraceDamaged."""
    given = record.events[0].data.get("contract")
    if not isinstance(given, dict):
        raise TraceDamaged(f"run {record.id}: its first event names no contract")
    return Contract.model_validate(record.json(str(given["contract_blob"])))


def json_bytes(value: object) -> bytes:
    """Return `value` as JSON, the same bytes for equal values, non-ASCII characters as they are."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace")


def _read(record: Run | Reader, event: Event, key: str, model: type[Model]) -> Model:
    content = record.blobs.get(str(event.data.get(key)))
    try:
        return model.model_validate_json(content)
    except ValueError as error:
        raise TraceDamaged(f"event {event.id}: {key} is not a {model.__name__}: {error}") from error


def _refusal(reason: object) -> dict[str, Json]:
    if isinstance(reason, BaseModel):
        dumped = reason.model_dump(mode="json")
        return {str(key): value for key, value in dumped.items()}
    return {"message": str(reason)}


def _actor(origin: str) -> str:
    if origin.startswith("chat:"):
        return f"model:{origin.removeprefix('chat:')}"
    return origin or "tool"

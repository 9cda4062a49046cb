"""Event: one line of a run's record, and what each kind of event holds.

A line of `events.jsonl` is one JSON object in ASCII with sorted keys and no spaces:

    v        1, the version of this form; a reader refuses a newer one
    seq      0, 1, 2 ...
    prev     SHA-256 of the line before (its bytes without the newline); 64 zeros for the first
    ts       UTC, milliseconds; for people, never for arithmetic
    mono_ms  run time so far, all sessions added up, without the gaps between them
    kind     see below; an unknown kind is kept and counted
    step     the deterministic name of the step that this is the result of, or null
    actor    `tool`, `model:<name>`, `recipe:<name>`, `human`
    cause    seq numbers of the events that motivated this one: a graph that an auditor can walk
    data     integers, strings, booleans, null, lists, mappings. No floats: money is in millionths
             of a US dollar, time in milliseconds

Contents stand in `blobs/sha256/` by their SHA-256. In `data` a key that is `blob` or ends in
`_blob` holds a digest of contents, a key `blobs` maps names to such digests, and a key that is
`tree` or ends in `_tree` holds the digest of a tree: its manifest (JSON, path to digest) is a blob,
and so is each file. `Run.append` takes bytes and `Tree` values in those places, stores them and
writes digests.

    kind            data (a trailing ? may be left out)
    run.start       run, tool, version, command?, experiment, contract{name, version,
                    contract_blob}, bundle{digest, base_tree, derived_tree, rest_blob},
                    rules_digest, required[], sandbox, proposers[], models[], python, platform,
                    budget{attempts, ms, tokens, micro_usd, sandbox_ms, calls}, label?,
                    external_tracing?
    step.begin      (step in the envelope); a begin without a result was interrupted
    verdict         attempt, stage, tree, status, verdict_blob (the Verdict as JSON), counts{error,
                    warning, info}, rules{rule: errors}, reason, duration_ms?, blobs{name: digest}
    model.request   key, model, purpose, prompt_blob (the Question as JSON)
    model.reply     key, model, reply_blob (the Reply as JSON), input_tokens, output_tokens,
                    micro_usd (null: price not known), latency_ms, finish
    model.failure   key, model, error, message, retryable
    patch           attempt, patch_blob (the Patch as JSON), base_tree, result_tree (null: refused),
                    origin, answers[fingerprint], edits, refusals[{code, message, path?, edit?}]
    attempt         attempt, tree, parent (tree or null), status (ready, not ready, undecided),
                    errors[fingerprint], fixed[], new[], kept[], best (whether it is the best now)
    budget          spend{attempts, elapsed_ms, input_tokens, output_tokens, micro_usd, sandbox_ms,
                    calls}, spent? (the cap that ended the run)
    interrupted     signal
    resumed         from_seq, changed[] (what differed from the start and was forced)
    torn            bytes, torn_sha256: an unfinished last line that was set aside
    note            text, author: never edits what stands before
    tombstone       removed[digest], reason, author
    run.end         status, stop, best_tree, best_attempt?, message?, spend?
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

from ohgw_tools.errors import TraceDamaged, TraceError

VERSION = 1
GENESIS = "0" * 64
DEEP = 100  # levels of nesting that no record of ours has

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

_FIELDS = frozenset(("v", "seq", "prev", "ts", "mono_ms", "kind", "step", "actor", "cause", "data"))
_TIME = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z", re.ASCII)
_MOST_MS = 1 << 53  # what every reader of JSON keeps exact


@dataclass(frozen=True, slots=True)
class Event:
    """One recorded event. `digest` is the SHA-256 of its line, which the next line cites as `prev`.

    A plain dataclass: listing and verifying thousands of events imports no pydantic.
    """

    seq: int
    prev: str
    ts: str
    mono_ms: int
    kind: str
    step: str | None
    actor: str
    cause: tuple[int, ...]
    data: dict[str, Json]
    digest: str

    @property
    def id(self) -> str:
        """The name that people and reports cite: `#12`."""
        return f"#{self.seq}"


def encode(
    seq: int,
    prev: str,
    ts: str,
    mono_ms: int,
    kind: str,
    step: str | None,
    actor: str,
    cause: tuple[int, ...],
    data: Mapping[str, Json],
) -> bytes:
    """Return the line, without its newline. Raises TraceError on a value that the form forbids."""
    refuse_inexact(data, "data")
    body = {
        "v": VERSION,
        "seq": seq,
        "prev": prev,
        "ts": ts,
        "mono_ms": mono_ms,
        "kind": kind,
        "step": step,
        "actor": actor,
        "cause": list(cause),
        "data": data,
    }
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def decode(line: bytes, place: str) -> Event:
    """Read one line. Raises TraceDamaged, naming `place`, if it is no event of a known version."""
    try:
        body = exact_json(line)
    except ValueError as error:
        raise TraceDamaged(f"{place}: not JSON: {error}") from error
    if line.count(b"[") + line.count(b"{") > DEEP and _depth(body) > DEEP:
        raise TraceDamaged(f"{place}: nested more than {DEEP} deep: not written by this program")
    if not isinstance(body, dict) or not body.keys() >= _FIELDS:
        raise TraceDamaged(f"{place}: not an event: fields are missing")
    if not isinstance(body["v"], int) or body["v"] > VERSION:
        raise TraceError(
            f"{place}: written in form {body['v']!r}, this program reads up to {VERSION};"
            " use the release that wrote it, or a newer one"
        )
    wrong = _misshapen(body)
    if wrong:
        raise TraceDamaged(f"{place}: not an event: {wrong} has the wrong shape")
    return Event(
        seq=body["seq"],
        prev=body["prev"],
        ts=body["ts"],
        mono_ms=body["mono_ms"],
        kind=body["kind"],
        step=body["step"],
        actor=body["actor"],
        cause=tuple(body["cause"]),
        data=body["data"],
        digest=hashlib.sha256(line).hexdigest(),
    )


def _misshapen(body: dict[str, Any]) -> str:
    """The first field that has not the type or the range that it must have; empty if none."""
    seq, mono_ms, cause = body["seq"], body["mono_ms"], body["cause"]
    right = {
        "seq": type(seq) is int,
        "prev": isinstance(body["prev"], str),
        "ts": isinstance(body["ts"], str) and bool(_TIME.fullmatch(body["ts"])),
        "mono_ms": type(mono_ms) is int and 0 <= mono_ms < _MOST_MS,
        "kind": isinstance(body["kind"], str),
        "step": body["step"] is None or isinstance(body["step"], str),
        "actor": isinstance(body["actor"], str),
        # What caused an event stands before it.
        "cause": isinstance(cause, list) and all(type(n) is int and 0 <= n < seq for n in cause),
        "data": isinstance(body["data"], dict),
    }
    return next((field for field, is_right in right.items() if not is_right), "")


def exact_json(content: bytes) -> Any:
    """Read JSON as records hold it. Raises ValueError on what is none, on a number that is no
    integer (`1.5`, `NaN`), and on nesting without end.
    """
    try:
        return _EXACT.decode(content.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested without end") from None


def _refuse_number(word: str) -> NoReturn:
    raise ValueError(f"{word[:40]} is no integer")


_EXACT = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number)


def _depth(body: object) -> int:
    """How deep JSON is nested, counted without recursion."""
    depth, layer = 0, [body]
    while layer:
        depth += 1
        inner: list[object] = []
        for item in layer:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        layer = inner
    return depth


def refuse_inexact(value: object, place: str) -> None:
    """Raise TraceError on a float, or on anything that is not plain JSON."""
    if value is None or isinstance(value, (str, int)):
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TraceError(f"{place}: the key {key!r} is not a string")
            refuse_inexact(item, f"{place}.{key}")
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            refuse_inexact(item, f"{place}[{number}]")
    elif isinstance(value, float):
        raise TraceError(f"{place}: {value!r} is a float; records hold integers (ms, micro-USD)")
    else:
        raise TraceError(f"{place}: a {type(value).__name__} cannot be recorded")


def cited_blobs(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield (key, digest) for each blob that event data cite; for trees, that of the manifest."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            inherited = "blob" if key in ("blobs", "redacted") and isinstance(item, str) else name
            yield from cited_blobs(item, str(inherited))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from cited_blobs(item, key)
    elif (
        isinstance(value, str)
        and value
        and (is_tree_key(key) or key == "blob" or key.endswith("_blob"))
    ):
        yield key, value
    elif isinstance(value, str) and value.endswith(LONG_END) and LONG_MARK in value:
        yield "blob", value.rpartition(LONG_MARK)[2][:64]


def is_tree_key(key: str) -> bool:
    """Whether a key of event data holds the digest of a tree."""
    return key == "tree" or key.endswith("_tree")


# A string of more than LONG characters is stored as a blob; its beginning and this mark stay.
LONG = 2048
LONG_MARK = " ... [sha256:"
LONG_END = " characters]"

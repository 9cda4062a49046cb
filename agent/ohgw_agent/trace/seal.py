"""Seal: how many events a run has and the hash of its last; the index that chains all seals.

`index.jsonl`, beside the run folders, has one line for each seal and its own chain, so that a run
which disappears, or a run that is cut short together with its own `run.json`, is still seen.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ohgw_agent.trace.blobs import read_regular
from ohgw_agent.trace.event import GENESIS, exact_json
from ohgw_agent.trace.lines import Lines, Lock
from ohgw_tools.errors import TraceDamaged

INDEX = "index.jsonl"
_HEX = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Seal:
    """`head` is the SHA-256 of the last of `count` lines: kept elsewhere, it anchors the run."""

    run: str
    count: int
    head: str
    status: str


def add_to_index(runs_dir: Path, seal: Seal, ts: str) -> None:
    """Append the seal to the index, unless it stands there already.

    An index that was damaged is added to all the same (a run must be able to end): the damage stays
    where it is, for `read_index` to report. Raises TraceError if the line cannot be written.
    """
    lock = Lock(runs_dir / "index.lock", wait=True)
    try:
        lines = Lines(runs_dir / INDEX)
        try:
            lines.mend()
            present = _complete_lines(runs_dir / INDEX)
            if not any(_says(line, seal) for line in present):
                prev = hashlib.sha256(present[-1]).hexdigest() if present else GENESIS
                lines.append(_line(seal, len(present), prev, ts))
        finally:
            lines.close()
    finally:
        lock.release()


def read_index(runs_dir: Path) -> Iterator[Seal]:
    """Yield every seal, checking the index's chain. A torn last line is left out.

    Raises TraceDamaged at the first line that does not follow from the one before it.
    """
    path = runs_dir / INDEX
    prev = GENESIS
    for number, line in enumerate(_complete_lines(path)):
        try:
            body = exact_json(line)
            seal = seal_of(body)
        except (ValueError, KeyError, TypeError) as error:
            raise TraceDamaged(f"{path}:{number + 1}: not a seal: {error!r}") from error
        if body.get("prev") != prev or body.get("seq") != number:
            raise TraceDamaged(f"{path}:{number + 1}: does not follow from the line before it")
        prev = hashlib.sha256(line).hexdigest()
        yield seal


def seal_of(body: Mapping[str, object]) -> Seal:
    """Read a seal. Raises KeyError, or ValueError for values that no seal of ours has."""
    run, count, head = body["run"], body["count"], body["head"]
    if not isinstance(run, str) or run in ("", ".", "..") or "/" in run or "\0" in run:
        raise ValueError(f"{run!r} is no run")
    if type(count) is not int or count < 1:
        raise ValueError(f"{count!r} is no number of events")
    if not isinstance(head, str) or not is_head(head):
        raise ValueError(f"{head!r} is no head")
    return Seal(run, count, head, str(body["status"]))


def _complete_lines(path: Path) -> list[bytes]:
    try:
        return read_regular(path).split(b"\n")[:-1]
    except FileNotFoundError:
        return []


def _says(line: bytes, seal: Seal) -> bool:
    return seal.run.encode() in line and seal.head.encode() in line


def _line(seal: Seal, seq: int, prev: str, ts: str) -> bytes:
    body = {
        "v": 1,
        "seq": seq,
        "prev": prev,
        "ts": ts,
        "run": seal.run,
        "count": seal.count,
        "head": seal.head,
        "status": seal.status,
    }
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode("ascii")


def is_head(text: str) -> bool:
    """Whether `text` has the form of a head: 64 hexadecimal digits."""
    return bool(_HEX.match(text))

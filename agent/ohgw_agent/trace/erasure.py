"""Erasure: contents taken out of a record on purpose, with a tombstone that says so.

Lines of `events.jsonl` are never changed: the chain covers the hashes of contents, so a record from
which contents were removed still verifies, and says how many are gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ohgw_agent.trace.blobs import Blobs
from ohgw_agent.trace.listing import list_runs, since_stamp
from ohgw_agent.trace.reader import EVENTS
from ohgw_agent.trace.redaction import forms
from ohgw_agent.trace.run import Run


@dataclass(frozen=True, slots=True)
class Found:
    """Where a text stands in a record: in contents, which can be removed; in lines, which cannot;
    in derived files (reports, exports), which are deleted whole.
    """

    blobs: tuple[str, ...]
    events: tuple[int, ...]
    derived: tuple[Path, ...]


def search(folder: Path, secret: str) -> Found:
    """Find a text in a run, also in its encoded forms."""
    needles = [form.encode("utf-8", "surrogateescape") for form in (secret, *forms(secret))]
    blobs = Blobs(folder / "blobs")
    lines = (folder / EVENTS).read_bytes().split(b"\n")
    own = {EVENTS, "lock", "run.json"}
    others = [p for p in folder.rglob("*") if p.is_file() and "blobs" not in p.parts]
    return Found(
        blobs=tuple(d for d in blobs if _holds(blobs.get(d), needles)),
        events=tuple(n for n, line in enumerate(lines) if _holds(line, needles)),
        derived=tuple(p for p in others if p.name not in own and _holds(p.read_bytes(), needles)),
    )


def _holds(content: bytes, needles: list[bytes]) -> bool:
    return any(needle in content for needle in needles)


def remove(runs_dir: Path, run_id: str, digests: Iterable[str], reason: str, author: str) -> int:
    """Record a tombstone, then remove contents; seal again if the run was sealed. Returns bytes.

    A kill in between leaves contents with a tombstone, which the next call removes. Raises RunBusy,
    TraceDamaged, TraceError.
    """
    wanted = sorted(set(digests))
    with Run.open(runs_dir, run_id) as run:
        ended = run.ended
        known = [event for event in run.events if event.kind == "tombstone"]
        buried = {str(d) for event in known for d in _listed(event.data.get("removed"))}
        if not set(wanted) <= buried:
            removed = [digest for digest in wanted if digest not in buried]
            data = {"removed": removed, "reason": reason, "author": author}
            run.append("tombstone", data, actor="human")
            if ended is not None:
                rest = {key: value for key, value in ended.data.items() if key != "status"}
                run.seal(str(ended.data.get("status")), rest)
        return sum(run.blobs.remove(digest) for digest in wanted)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


@dataclass(frozen=True, slots=True)
class Old:
    """A run whose contents may go: how many, and how many bytes."""

    run: str
    blobs: tuple[str, ...]
    size: int


def old_runs(runs_dir: Path, keep: int | None, older_than: str | None) -> list[Old]:
    """Return the ended runs that are not among the newest `keep` and are older than `older_than`
    (an age or a time); contents already gone do not count. Raises InputError.
    """
    before = None if older_than is None else since_stamp(older_than)
    found = []
    for place, listed in enumerate(list_runs(runs_dir)):
        ended = listed.header.get("seal") is not None
        aged = before is None or listed.id[:16] < before
        if ended and aged and (keep is None or place >= keep):
            blobs = Blobs(listed.folder / "blobs")
            digests = tuple(blobs)
            size = sum(map(blobs.size, digests))
            if digests:
                found.append(Old(listed.id, digests, size))
    return found

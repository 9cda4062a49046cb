"""Verification: what can be said of a record's integrity, in three named levels.

consistent   every line follows from the one before, every content that is cited is there and is
             what its name says. Shows accidents, and edits by someone who did not redo the chain.
sealed       and the run has exactly the lines that were sealed in `run.json` and in the index
             beside the runs. Shows a tail that was cut off, and, by the index's own chain, a run
             that is gone.
anchored     and the head equals one that was kept elsewhere (a CI log, a ticket). Shows a record
             that was rewritten as a whole by someone who could write to it all.

No level shows what the program never recorded: integrity is not completeness.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ohgw_agent.trace.blobs import read_regular
from ohgw_agent.trace.event import GENESIS, Event, cited_blobs, exact_json, is_tree_key
from ohgw_agent.trace.header import Header
from ohgw_agent.trace.reader import EVENTS, Reader, chain
from ohgw_agent.trace.seal import Seal, is_head, read_index, seal_of
from ohgw_tools.errors import InputError, TraceDamaged, TraceError

Level = Literal["damaged", "consistent", "sealed", "anchored"]


@dataclass
class Verification:
    """What was found. `anchored_to` is the number of events that an outside head vouches for."""

    run: str
    level: Level = "damaged"
    events: int = 0
    blobs: int = 0
    tombstones: int = 0
    head: str = GENESIS
    anchored_to: int | None = None
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 sealed, or anchored where a head was given; 3 consistent and no more; 1 damaged."""
        return {"damaged": 1, "consistent": 3, "sealed": 0, "anchored": 0}[self.level]


def verify(folder: Path, expect_head: str | None = None) -> Verification:
    """Check one run. Raises InputError if it is no run, or if `expect_head` is no head."""
    if expect_head is not None and not is_head(expect_head):
        raise InputError(f"--expect-head {expect_head!r}: a head is 64 hexadecimal digits")
    reader = Reader(folder)
    result = Verification(run=folder.name)
    events = _check_chain(reader, result)
    if not result.problems:
        _check_contents(reader, events, result)
        sealed = _check_seal(reader, events, result)
        anchored = _check_anchor(events, expect_head, result)
        if not result.problems:
            result.level = "sealed" if sealed else "consistent"
            if expect_head is not None:
                result.level = "anchored" if anchored else "consistent"
    return result


def verify_all(runs_dir: Path) -> tuple[list[Verification], list[str]]:
    """Check every run, and that no sealed run is gone. Returns results, and faults of the whole."""
    problems = []
    try:
        for run in sorted({seal.run for seal in read_index(runs_dir)}):
            if not os.path.lexists(runs_dir / run / EVENTS):
                problems.append(f"run {run} was sealed and is gone")
    except TraceDamaged as error:
        problems.append(str(error))
    folders = sorted(path.parent for path in runs_dir.glob(f"*/{EVENTS}"))
    return [verify(folder) for folder in folders], problems


def _check_chain(reader: Reader, result: Verification) -> list[Event]:
    events: list[Event] = []
    content = b""
    try:
        content = read_regular(reader.folder / EVENTS)
        for event in chain(content, f"{reader.folder.name}/{EVENTS}"):
            events.append(event)
    except (OSError, TraceError) as error:
        result.problems.append(str(error))
    torn = len(content) - content.rfind(b"\n") - 1
    if torn:
        result.notes.append(
            f"{torn} bytes of an unfinished last line, which was never acknowledged"
        )
    result.events = len(events)
    if not events:
        result.problems.append("no events: the run ended before its first one, or was emptied")
        return events
    result.head = events[-1].digest
    first = events[0].data.get("run")
    if events[0].kind != "run.start" or not isinstance(first, str):
        result.problems.append("the first event is not a run's start")
    elif first != reader.folder.name:
        result.run = first
        result.notes.append(f"the folder is named {reader.folder.name}, the run {first}")
    return events


def _check_contents(reader: Reader, events: list[Event], result: Verification) -> None:
    """Hash every blob that is cited once; follow manifests to the files of trees."""
    removed: set[str] = set()
    redacted: dict[str, str] = {}
    cited: dict[str, tuple[bool, int]] = {}
    for event in events:
        listed = event.data.get("removed") if event.kind == "tombstone" else None
        removed |= set(map(str, listed)) if isinstance(listed, list) else set()
        held = event.data.get("redacted")
        redacted |= {k: str(v) for k, v in held.items()} if isinstance(held, dict) else {}
        for key, digest in cited_blobs(event.data):
            tree = is_tree_key(key) or cited.get(digest, (False, 0))[0]
            cited[digest] = (tree, cited.get(digest, (False, event.seq))[1])
    result.tombstones = sum(digest not in reader.blobs for digest in removed)
    for digest in redacted.keys() & cited.keys():  # what is stored stands in its place
        cited[redacted[digest]] = cited.pop(digest)
    for digest, (tree, seq) in list(cited.items()):
        content = _check_blob(reader, digest, seq, removed, result)
        for file_digest in _files_of(content, digest, result) if tree and content else ():
            if file_digest not in cited and file_digest not in redacted:
                cited[file_digest] = (False, seq)
                _check_blob(reader, file_digest, seq, removed, result)
    unused = [digest for digest in reader.blobs if digest not in cited]
    if unused:
        result.notes.append(f"{len(unused)} contents that no event cites")


def _check_blob(
    reader: Reader, digest: str, seq: int, removed: set[str], result: Verification
) -> bytes | None:
    try:
        content = reader.blobs.get(digest)
    except TraceError as error:
        if digest not in removed or digest in reader.blobs:
            result.problems.append(f"event #{seq}: {error}")
        return None
    result.blobs += 1
    return content


def _files_of(content: bytes, digest: str, result: Verification) -> list[str]:
    try:
        manifest = json.loads(content)
        return [str(value) for value in manifest.values()]
    except (ValueError, AttributeError, RecursionError):
        result.problems.append(f"blob {digest} is cited as a tree and is no manifest")
        return []


def _check_seal(reader: Reader, events: list[Event], result: Verification) -> bool:
    """Compare the events with the seal in `run.json` and the last one in the index."""
    own = _own_seal(reader, events, result)
    listed = _listed_seal(reader.folder.parent, result)
    for where, seal in (("run.json", own), ("the index", listed)):
        if seal is None:
            continue
        if seal.count > len(events):
            result.problems.append(
                f"{where} seals {seal.count} events and {len(events)} are there:"
                " the end was cut off"
            )
        elif events[seal.count - 1].digest != seal.head:
            result.problems.append(f"{where} seals another history than the one that is there")
        elif events[seal.count - 1].kind != "run.end":
            result.problems.append(f"{where} seals an event that is no run's end")
        elif seal.count < len(events):
            later = len(events) - seal.count
            result.notes.append(f"{later} events came after the seal in {where}: the run went on")
    if own is None:
        result.notes.append("run.json has no seal: the run is open, or was killed before its end")
    elif listed is None and not any("index" in note for note in result.notes):
        result.notes.append("no index beside the run seals it too")
    return own is not None and own == listed and own.count == len(events)


def _own_seal(reader: Reader, events: list[Event], result: Verification) -> Seal | None:
    path = reader.folder / "run.json"
    try:
        body = exact_json(read_regular(path))
        stored = body["seal"]
        seal = None
        if stored is not None:
            seal = seal_of({**stored, "run": result.run, "status": body["status"]})
    except FileNotFoundError:
        result.notes.append("run.json is missing; `ohgw-agent runs ls --rebuild` makes it again")
        return None
    except (ValueError, KeyError, TypeError, TraceDamaged) as error:
        result.problems.append(f"run.json cannot be read: {error!r}")
        return None
    if seal is not None and seal.count == len(events) and body != _expected(events, seal):
        result.problems.append("run.json says something else than the events")
    return seal


def _expected(events: list[Event], seal: Seal) -> object:
    header = Header()
    for event in events:
        header.take(event)
    header.seal = seal
    return json.loads(header.encode())


def _listed_seal(runs_dir: Path, result: Verification) -> Seal | None:
    found = None
    try:
        for seal in read_index(runs_dir):
            if seal.run == result.run:
                found = seal
    except TraceDamaged as error:
        result.notes.append(f"the index is damaged and vouches for nothing: {error}")
        return None
    return found


def _check_anchor(events: list[Event], expect_head: str | None, result: Verification) -> bool:
    if expect_head is None:
        return False
    for event in reversed(events):
        if event.digest == expect_head:
            result.anchored_to = event.seq + 1
            break
    if result.anchored_to is None:
        result.problems.append(
            f"no event has the head {expect_head}: the record is not the one it was taken from"
        )
    elif result.anchored_to < len(events):
        later = len(events) - result.anchored_to
        result.notes.append(
            f"the head vouches for the first {result.anchored_to} events; {later} came after it"
        )
    return result.anchored_to == len(events)

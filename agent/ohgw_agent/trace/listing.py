"""Listing: which runs there are, from their small headers, and filters over them. No pydantic."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ohgw_agent.trace.blobs import Blobs, read_regular, replace_synced
from ohgw_agent.trace.event import exact_json
from ohgw_agent.trace.header import Header
from ohgw_agent.trace.reader import EVENTS, Reader
from ohgw_tools.errors import InputError, TraceDamaged, TraceError

_AGO = re.compile(r"(\d+)\s*([smhdw])\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True, slots=True)
class Listed:
    """One run as `run.json` sums it up. `problem` says why there is nothing to sum up."""

    folder: Path
    header: dict[str, object]
    problem: str = ""

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name

    def text(self, key: str) -> str:
        """A field as text; empty where there is none."""
        value = self.header.get(key)
        return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Filter:
    """What to list; every field that is given must hold. Texts match as parts, in any case.

    `since` is a time (ISO 8601) or an age (`90m`, `12h`, `7d`, `2w`). `text` looks into the record.
    """

    status: str | None = None
    rule: str | None = None
    model: str | None = None
    since: str | None = None
    bundle: str | None = None
    text: str | None = None

    def keeps(self, run: Listed, since: str | None) -> bool:
        """Whether the run is wanted. `since` is the time that `self.since` stands for."""
        header = run.header
        wanted = [
            self.status is None
            or self.status.lower() in (_low(header, "status"), _low(header, "stop")),
            self.rule is None or _any(self.rule, header.get("rules")),
            self.model is None or _any(self.model, header.get("models")),
            since is None or run.id[:16] >= since,
            self.bundle is None or _is_bundle(self.bundle, run),
        ]
        return all(wanted) and (self.text is None or _holds(run.folder, self.text))


def list_runs(runs_dir: Path, wanted: Filter | None = None) -> Iterator[Listed]:
    """Yield the runs in `runs_dir`, newest first. A run that cannot be read is listed as such.

    Raises InputError if there is no such folder, or if `since` cannot be understood.
    """
    if not runs_dir.is_dir():
        raise InputError(f"no folder {runs_dir}: give --runs-dir, or run `ohgw-agent fix` first")
    chosen = wanted or Filter()
    since = None if chosen.since is None else since_stamp(chosen.since)
    folders = [path for path in runs_dir.iterdir() if os.path.lexists(path / EVENTS)]
    for folder in sorted(folders, reverse=True):
        run = _listed(folder)
        if chosen.keeps(run, since):
            yield run


def _listed(folder: Path) -> Listed:
    try:
        header = exact_json(read_regular(folder / "run.json"))
    except FileNotFoundError:
        return _without_header(folder)
    except (OSError, ValueError, TraceDamaged) as error:
        return Listed(folder, {}, f"run.json cannot be read: {error}")
    if not isinstance(header, dict):
        return Listed(folder, {}, "run.json is not a JSON object")
    return Listed(folder, header)


def _without_header(folder: Path) -> Listed:
    """A run that was killed before its first header: read its events."""
    try:
        content = rebuilt(folder)
    except TraceError as error:
        return Listed(folder, {}, str(error))
    header = json.loads(content)
    return Listed(folder, header, "" if header["events"] else "killed before its first event")


def rebuilt(folder: Path) -> bytes:
    """Return what `run.json` should hold by the events; a seal is never made up."""
    header = Header()
    for event in Reader(folder).events:
        header.take(event)
    return header.encode()


def rebuild(folder: Path) -> None:
    """Write `run.json` anew where it is missing. Raises TraceError."""
    if not (folder / "run.json").exists():
        replace_synced(folder / "run.json", rebuilt(folder))


def since_stamp(text: str) -> str:
    """Return the run-id form (`20261122T150000Z`) of a time or of an age. Raises InputError."""
    ago = _AGO.match(text.strip())
    try:
        if ago:
            seconds = int(ago[1]) * _SECONDS[ago[2]]
            moment = datetime.now(UTC) - timedelta(seconds=seconds)
        else:
            moment = datetime.fromisoformat(text)
            moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise InputError(f"since {text!r}: give 2026-11-22, 2026-11-22T15:00, 90m or 7d") from error
    return f"{moment:%Y%m%dT%H%M%SZ}"


def _low(header: dict[str, object], key: str) -> str:
    return str(header.get(key) or "").lower()


def _any(part: str, names: object) -> bool:
    return isinstance(names, (list, dict)) and any(part.lower() in str(n).lower() for n in names)


def _is_bundle(part: str, run: Listed) -> bool:
    named = (
        part.lower() in run.text("experiment").lower() or part.lower() in run.text("label").lower()
    )
    return named or run.text("bundle").startswith(part.lower())


def _holds(folder: Path, text: str) -> bool:
    """Whether the words stand in the events, or in the contents that they cite."""
    needle = text.lower().encode()
    ascii_needle = json.dumps(text.lower())[1:-1].encode()
    blobs = Blobs(folder / "blobs")
    try:
        events = read_regular(folder / EVENTS).lower()
        if needle in events or ascii_needle in events:
            return True
        return any(needle in blobs.get(digest).lower() for digest in blobs)
    except (OSError, TraceError):
        return False  # what is damaged is for `verify` to say

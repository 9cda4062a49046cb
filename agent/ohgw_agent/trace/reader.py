"""Reader: the events of a recorded run, checked line by line, and the contents that they cite."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ohgw_agent.trace.blobs import Blobs, read_regular
from ohgw_agent.trace.event import GENESIS, Event, decode
from ohgw_tools.errors import InputError, TraceDamaged, TraceError

if TYPE_CHECKING:
    from ohgw_tools.tree import Tree

EVENTS = "events.jsonl"


def chain(content: bytes, place: str) -> Iterator[Event]:
    """Yield the events of whole lines, checking that each follows from the one before.

    An unfinished last line is left out: it was never acknowledged. Raises TraceDamaged at the first
    line that was altered, dropped, moved or put in.
    """
    prev = GENESIS
    for number, line in enumerate(content.split(b"\n")[:-1]):
        event = decode(line, f"{place}:{number + 1}")
        if event.seq != number:
            raise TraceDamaged(
                f"{place}:{number + 1}: event {event.seq} stands where {number} should:"
                " lines were dropped, moved or put in"
            )
        if event.prev != prev:
            raise TraceDamaged(
                f"{place}:{number + 1}: event {number} does not follow from the line before it:"
                " one of the two was altered"
            )
        prev = event.digest
        yield event


class Reader:
    """One recorded run, read-only: it takes no lock, and may be used while the run is written.

    `events`, where they are given, are not read again.
    """

    def __init__(self, folder: Path, events: tuple[Event, ...] | None = None) -> None:
        self.folder = folder
        self.blobs = Blobs(folder / "blobs")
        if events is not None:
            self.events = events
        if not os.path.lexists(folder / EVENTS):
            raise InputError(f"{folder} is not a run: it has no {EVENTS}; see `ohgw-agent runs ls`")

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """Every event. Raises TraceDamaged if the chain is broken."""
        content = read_regular(self.folder / EVENTS)
        return tuple(chain(content, f"{self.folder.name}/{EVENTS}"))

    @property
    def id(self) -> str:
        """The run's id, as its first event says."""
        first = self.events[0].data.get("run") if self.events else None
        return first if isinstance(first, str) else self.folder.name

    def of_kind(self, *kinds: str) -> tuple[Event, ...]:
        """The events of these kinds, in order."""
        return tuple(event for event in self.events if event.kind in kinds)

    def json(self, digest: str) -> object:
        """A blob that holds JSON. Raises TraceDamaged if it does not."""
        try:
            return json.loads(self.blobs.get(digest))
        except (ValueError, RecursionError) as error:
            raise TraceDamaged(f"blob {digest} is not JSON: {error}") from error

    def manifest(self, digest: str) -> dict[str, str]:
        """Path to file digest of the tree `digest`; secrets in paths are redacted."""
        manifest = self.json(self.redacted.get(digest, digest))
        if not isinstance(manifest, dict):
            raise TraceDamaged(f"blob {digest} is not the manifest of a tree")
        return {str(path): str(value) for path, value in manifest.items()}

    @cached_property
    def redacted(self) -> dict[str, str]:
        """Digest of a file, or of a tree's manifest, that held a secret, to that of what is stored
        in its place.
        """
        stored: dict[str, str] = {}
        for event in self.events:
            redacted = event.data.get("redacted")
            if isinstance(redacted, dict):
                stored |= {key: str(value) for key, value in redacted.items()}
        return stored

    def tree(self, digest: str, *, allow_redacted: bool = False) -> Tree:
        """The files of a tree. Raises TraceDamaged if any is gone or altered.

        Where a file held a secret only its redacted form is kept: that raises TraceError, or, with
        `allow_redacted`, gives the redacted form (the result then has another digest).
        """
        from ohgw_tools.tree import Tree

        files = {}
        named = digest in self.redacted
        for path, file_digest in self.manifest(digest).items():
            stored = self.redacted.get(file_digest)
            if not allow_redacted and (named or stored is not None):
                what = "the name of a file" if named else path
                raise TraceError(
                    f"{what} held a secret, and only its redacted form was kept: this tree cannot"
                    " be rebuilt from the record. Give the bundle's file again"
                )
            files[path] = self.blobs.get(stored or file_digest).decode("utf-8")
        return Tree(files)


def find_run(runs_dir: Path, name: str) -> Path:
    """Return the folder of the run that `name` means: an id, the start or end of just one id, a
    path, or `last`. Raises InputError if there is none, or more than one.
    """
    direct = Path(name)
    if (direct / EVENTS).is_file():
        return direct
    ids = sorted(path.parent.name for path in runs_dir.glob(f"*/{EVENTS}"))
    if name == "last" and ids:
        return runs_dir / _newest(runs_dir, ids)
    if name in ids:
        return runs_dir / name
    matching = [run for run in ids if name and (run.startswith(name) or run.endswith(name))]
    if len(matching) == 1:
        return runs_dir / matching[0]
    if matching:
        raise InputError(
            f"{name!r} means {len(matching)} runs: {', '.join(matching[:5])}; say more"
        )
    raise InputError(f"no run {name!r} in {runs_dir}; `ohgw-agent runs ls` lists them")


def _newest(runs_dir: Path, ids: list[str]) -> str:
    """The run that began last. Ids tell seconds; runs of one second are told apart by their first
    event. Runs that were killed before it count only where there are no others.
    """
    begun = [run for run in ids if (runs_dir / run / EVENTS).stat().st_size] or ids
    second = begun[-1].partition("-")[0]
    rivals = [run for run in begun if run.startswith(second)]
    return max(rivals, key=lambda run: (_first_time(runs_dir / run / EVENTS), run))


def _first_time(events: Path) -> str:
    try:
        return decode(read_regular(events).partition(b"\n")[0], str(events)).ts
    except (OSError, TraceError):
        return ""

"""Results: one JSON line for each bundle, kept so that a batch goes on where it stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ohgw_agent.batch.item import Item
from ohgw_agent.batch.shelf import Shelf
from ohgw_agent.trace.blobs import replace_synced
from ohgw_agent.trace.lines import Lock
from ohgw_tools.errors import InputError, TraceError

Row = dict[str, Any]
Key = tuple[str, str]

# A result that another try cannot change; the others are tried again.
FINAL = frozenset(("ready", "given up", "stuck", "exhausted", "bad input", "judged"))


class Results:
    """Three files. `FILE` holds what came of each bundle and nothing that differs from run to run:
    two batches of the same bundles that were answered alike have equal bytes here, once they have
    ended. `FILE.facts` holds the rest: the run, times, places. `FILE.begun` says which run each
    bundle was begun in. What was paid for is fsynced before the batch goes on; when it ends, `FILE`
    is put in the order of the list. One batch at a time writes them.

    With a shelf each line is kept there too, and what stands there is known here.
    """

    def __init__(self, path: Path, configuration: str, shelf: Shelf | None = None) -> None:
        self.path = path
        self._configuration = configuration
        self.shelf = shelf
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = Lock(path.with_name(f".{path.name}.lock"))
        except OSError as error:
            raise InputError(
                f"--results {path}: {error}; give a file that can be written"
            ) from error
        self._facts_path = path.with_name(f"{path.name}.facts")
        self._begun_path = path.with_name(f"{path.name}.begun")
        try:
            self._lines = _read(path)
            self.rows = {key_of(row): row for row in [*self._lines, *self._kept("rows")]}
            facts = [*_read(self._facts_path), *self._kept("facts")]
            self.facts = {key_of(row): row for row in facts}
            begun = [*_read(self._begun_path), *self._kept("begun")]
            self.begun = {key_of(row): str(row["run"]) for row in begun}
            paths = (path, self._facts_path, self._begun_path)
            self._file, self._facts_file, self._begun_file = (p.open("ab", 0) for p in paths)
        except BaseException:
            self._lock.release()
            raise

    def finished(self, digest: str, configuration: str) -> Row | None:
        """Return the final row of a bundle, if there is one."""
        row = self.rows.get((digest, configuration))
        if row is None or row["stop"] not in FINAL or row.get("capped"):
            return None
        return row

    def begin(self, digest: str, configuration: str, run: str) -> None:
        """Note which run a bundle is being repaired in."""
        row = {"digest": digest, "configuration": configuration, "run": run}
        self.begun[(digest, configuration)] = run
        self._append(self._begun_file, row, sync=True)
        self._keep("begun", row)

    def add(self, row: Row, facts: Row | None = None) -> None:
        """Note what came of a bundle, and the facts about how. What cost nothing is not waited for
        until it is on disk.
        """
        if self.rows.get(key_of(row)) == row:
            return
        digest, configuration = key_of(row)
        whole = {"digest": digest, "configuration": configuration, **(facts or {})}
        self.facts[key_of(row)] = whole
        self.rows[key_of(row)] = row
        self._append(self._facts_file, whole, sync=False)
        self._append(self._file, row, sync=row["stop"] not in ("judged", "bad input"))
        self._keep("facts", whole)
        self._keep("rows", row)

    def settle(self, items: Iterable[Item]) -> list[Row]:
        """Put the file in the order of the list, a line for each of its bundles, twins too; lines
        of other lists stay before them. Returns the list's rows.
        """
        ours = [
            {**self.rows[item.key, self._configuration], "bundle": item.place} for item in items
        ]
        places = {(row["bundle"], *key_of(row)) for row in ours}
        last = {(row["bundle"], *key_of(row)): row for row in _read(self.path)}
        others = [row for place, row in last.items() if place not in places]
        content = b"".join(_line(row) for row in [*others, *ours])
        try:
            replace_synced(self.path, content)
        except OSError as error:
            raise TraceError(f"cannot write {self.path}: {error}") from error
        return ours

    def close(self) -> None:
        """Let the files go."""
        for file in (self._file, self._facts_file, self._begun_file):
            file.close()
        self._lock.release()

    def _append(self, file: Any, row: Row, *, sync: bool) -> None:
        line = _line(row)
        try:
            if file.write(line) != len(line):
                raise OSError("only a part of a line could be written: the disk is full")
            if sync:
                os.fsync(file.fileno())
        except OSError as error:
            raise TraceError(
                f"cannot write {file.name}: {error}. The batch stops; what was written before is"
                " safe. Free some space, then run it again"
            ) from error

    def _keep(self, kind: str, row: Row) -> None:
        if self.shelf is not None:
            self.shelf.keep(kind, row["configuration"], _name(row["digest"]), row)

    def _kept(self, kind: str) -> Iterable[Row]:
        return () if self.shelf is None else self.shelf.kept(kind, self._configuration)


def key_of(row: Row) -> Key:
    """What a row is of: the bundle's digest and the configuration."""
    return (str(row["digest"]), str(row["configuration"]))


def _name(digest: str) -> str:
    """Return what a row is kept under; what is no bundle has no digest."""
    from ohgw_tools.tree import sha256

    return digest if digest.isalnum() else sha256(digest.encode())


def _line(row: Row) -> bytes:
    return json.dumps(row, sort_keys=True).encode() + b"\n"


def _read(path: Path) -> list[Row]:
    """Read the rows; a last line that a kill cut off is taken away before the next is added."""
    if not path.exists():
        return []
    try:
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            with path.open("r+b") as file:
                file.truncate(len(whole))
        rows = [json.loads(line) for line in whole.splitlines() if line.strip()]
        for row in rows:
            key_of(row)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a file of results ({error}); give another") from error
    return rows

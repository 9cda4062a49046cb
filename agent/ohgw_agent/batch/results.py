"""Results: one JSON line for each bundle, kept so that a batch goes on where it stopped."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ohgw_agent.trace.lines import Lock
from ohgw_tools.errors import InputError

Row = dict[str, Any]

# A result that another try cannot change; the others are tried again.
FINAL = frozenset(("ready", "given up", "stuck", "exhausted", "bad input", "judged"))


class Results:
    """Two append-only files: `FILE` holds what came of each bundle, `FILE.begun` which run each was
    begun in. Both are fsynced before the batch goes on. One batch at a time writes them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = Lock(path.with_name(f".{path.name}.lock"))
        self._begun_path = path.with_name(f"{path.name}.begun")
        self.rows = {self.key(row): row for row in _read(path)}
        self.begun = {self.key(row): str(row["run"]) for row in _read(self._begun_path)}
        self._file = path.open("ab")
        self._begun_file = self._begun_path.open("ab")

    @staticmethod
    def key(row: Row) -> tuple[str, str]:
        """What a row is of: the bundle's digest and the configuration."""
        return (str(row["digest"]), str(row["configuration"]))

    def finished(self, digest: str, configuration: str) -> Row | None:
        """Return the final row of a bundle, if there is one."""
        row = self.rows.get((digest, configuration))
        return row if row is not None and row["stop"] in FINAL else None

    def begin(self, digest: str, configuration: str, run: str) -> None:
        """Note which run a bundle is being repaired in."""
        row = {"digest": digest, "configuration": configuration, "run": run}
        self.begun[(digest, configuration)] = run
        _append(self._begun_file, row)

    def add(self, row: Row) -> None:
        """Note what came of a bundle."""
        self.rows[self.key(row)] = row
        _append(self._file, row)

    def close(self) -> None:
        """Let the files go."""
        self._file.close()
        self._begun_file.close()
        self._lock.release()


def _append(file: Any, row: Row) -> None:
    file.write(json.dumps(row, sort_keys=True).encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())


def _read(path: Path) -> list[Row]:
    """Read the rows; a last line that a kill cut off is taken away before the next is added."""
    if not path.exists():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        with path.open("r+b") as file:
            file.truncate(len(whole))
    try:
        return [json.loads(line) for line in whole.splitlines() if line.strip()]
    except ValueError as error:
        raise InputError(f"{path}: not a file of results ({error}); give another") from error

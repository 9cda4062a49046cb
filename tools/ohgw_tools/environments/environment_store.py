"""EnvironmentStore: virtual environments on disk, each built once and never moved.

A virtual environment holds its own absolute path, so it cannot be built aside and renamed. It is
built where it will stay, in a directory that nothing points to, and is published by renaming one
small record over `records/<key>.json`. A builder that dies leaves a directory without a record,
which the next builder of that key, or `prune`, removes.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import BaseModel, ValidationError

from ohgw_tools.errors import EnvironmentUnavailable
from ohgw_tools.frozen import FROZEN

DAY = 86_400
BUSY_SECONDS = 3_600


class EnvironmentRecord(BaseModel):
    """One environment: `directory` is its name below `envs/`, `requirements` what was asked for,
    `packages` what is installed (`name==version`). Sizes in bytes, times in seconds since 1970.
    """

    model_config = FROZEN

    key: str
    directory: str
    python: str
    base_prefix: str
    requirements: tuple[str, ...]
    packages: tuple[str, ...]
    size_bytes: int
    built_at: float
    build_seconds: float
    installer: str


class EnvironmentStore:
    """The cache directory, by default `ohgw-agent/env` below the user's cache, mode 0700."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or default_root()

    def path(self, record: EnvironmentRecord) -> Path:
        """The directory of an environment."""
        return self.root / "envs" / record.directory

    def find(self, key: str) -> EnvironmentRecord | None:
        """The environment under `key`, if it is there and whole; marks it as used now."""
        place = self._record_path(key)
        record = _read_record(place)
        if record is None or not self._whole(record):
            return None
        with suppress(OSError):  # A cache that may only be read still serves.
            os.utime(place)
        return record

    def new_directory(self, key: str) -> Path:
        """A path that is free for a new environment under `key`; what earlier builders left is
        removed. Call it under `lock(key)`.
        """
        current = _read_record(self._record_path(key))
        for left in (self.root / "envs").glob(f"{key}-*"):
            if current is None or left.name != current.directory:
                shutil.rmtree(left, ignore_errors=True)
        return self.root / "envs" / f"{key}-{secrets.token_hex(4)}"

    def publish(self, record: EnvironmentRecord) -> None:
        """Make a finished environment visible, all at once and durably."""
        target = self._record_path(record.key)
        draft = target.with_suffix(f".{secrets.token_hex(4)}.tmp")
        with open(draft, "w", encoding="utf-8") as file:
            file.write(record.model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
        descriptor = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def discard(self, place: Path) -> None:
        """Remove an environment that was never published."""
        shutil.rmtree(place, ignore_errors=True)

    @contextmanager
    def lock(self, key: str, waiting: Iterator[None] | None = None) -> Iterator[None]:
        """Hold the builder's lock of `key`, across processes. While another one holds it, `waiting`
        is advanced ten times a second: it may report, or raise to give up.
        """
        self._make_directories()
        with open(self.root / "locks" / f"{key}.lock", "w") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if waiting is not None:
                        next(waiting, None)
                    time.sleep(0.1)
            yield

    def records(self) -> tuple[EnvironmentRecord, ...]:
        """Every environment, the one used last first."""
        places = sorted((self.root / "records").glob("*.json"), key=_mtime, reverse=True)
        found = (_read_record(place) for place in places)
        return tuple(record for record in found if record is not None)

    def last_used(self, record: EnvironmentRecord) -> float:
        """When an environment was last handed out, in seconds since 1970; 0 if it is gone."""
        return _mtime(self._record_path(record.key))

    def remove(self, record: EnvironmentRecord) -> bool:
        """Remove one environment; False when somebody is building it just now."""
        try:
            with self.lock(record.key, _refuse_to_wait()):
                self._record_path(record.key).unlink(missing_ok=True)
                shutil.rmtree(self.path(record), ignore_errors=True)
        except BlockingIOError:
            return False
        return True

    def remove_leftovers(self) -> int:
        """Remove directories that no record points to and no builder holds; returns how many."""
        known = {record.directory for record in self.records()}
        removed = 0
        for left in (self.root / "envs").glob("*"):
            if left.name in known:
                continue
            try:
                with self.lock(left.name.rpartition("-")[0], _refuse_to_wait()):
                    shutil.rmtree(left, ignore_errors=True)
                    removed += 1
            except BlockingIOError:
                continue
        return removed

    def _record_path(self, key: str) -> Path:
        return self.root / "records" / f"{key}.json"

    def _whole(self, record: EnvironmentRecord) -> bool:
        place = self.path(record)
        # exists() follows the link to the base interpreter, which may have been removed since.
        return (place / "bin" / "python").exists() and count_distributions(place) == len(
            record.packages
        )

    def _make_directories(self) -> None:
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in ("envs", "records", "locks"):
                (self.root / name).mkdir(exist_ok=True, mode=0o755)
        except OSError as error:
            raise EnvironmentUnavailable(
                f"the cache directory {self.root} cannot be written: {error.strerror}",
                "Give another one with --cache-dir or XDG_CACHE_HOME",
            ) from error


def default_root() -> Path:
    """`$XDG_CACHE_HOME/ohgw-agent/env`, or the same below `~/.cache` (XDG Base Directory)."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    home = Path(given) if given.startswith("/") else Path.home() / ".cache"
    return home / "ohgw-agent" / "env"


def site_packages(environment: Path) -> Path:
    """The directory of an environment that packages are installed to."""
    found = sorted((environment / "lib").glob("python3*/site-packages"))
    return found[0] if found else environment / "lib"


def count_distributions(environment: Path) -> int:
    """How many packages an environment holds, by their metadata directories."""
    return sum(1 for _ in site_packages(environment).glob("*.dist-info"))


def size_of(directory: Path) -> int:
    """Bytes on disk below a directory; links are not followed, hard links count once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            status = os.lstat(f"{folder}/{name}")
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                total += status.st_blocks * 512
    return total


def _read_record(place: Path) -> EnvironmentRecord | None:
    try:
        return EnvironmentRecord.model_validate_json(place.read_bytes())
    except (OSError, ValidationError):
        return None


def _mtime(place: Path) -> float:
    try:
        return place.stat().st_mtime
    except OSError:
        return 0.0


def _refuse_to_wait() -> Iterator[None]:
    raise BlockingIOError
    yield

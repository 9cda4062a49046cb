"""Run: the one writer of a run's record; what is recorded is never computed again.

Order of writing: contents first (fsync, rename), then their folder and the event that cites them
(fsync), and only then does the caller go on. A write that fails ends the run. After a kill at any
instant the record holds every event whose `append` returned, and at most one unfinished line, which
the next session sets aside.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from ohgw_agent.trace.blobs import Blobs, replace_synced, sync_folder
from ohgw_agent.trace.event import GENESIS, Event, Json, decode, encode
from ohgw_agent.trace.header import Header
from ohgw_agent.trace.lines import Lines, Lock
from ohgw_agent.trace.reader import EVENTS, chain, find_run
from ohgw_agent.trace.redaction import Numbers, Redactor
from ohgw_agent.trace.seal import Seal, add_to_index
from ohgw_agent.trace.storing import Storing
from ohgw_tools.errors import InputError, TraceError
from ohgw_tools.tree import sha256

_NUMBERS = "redaction.json"


class Run:
    """One run's record, open for writing under a lock. Use as a context manager.

    `redactor` has taken every secret out of what is stored; use `redactor.text` on anything that is
    shown or sent too, so that a resumed session sees the same words as the first one did.
    """

    def __init__(self, folder: Path, redactor: Redactor | None) -> None:
        self.folder = folder
        self.blobs = Blobs(folder / "blobs")
        self.redactor = redactor or Redactor.from_environment()
        self._lock = Lock(folder / "lock")
        self._guard = threading.RLock()
        self._lines = Lines(folder / EVENTS)
        self._dirty = False
        self._failed = False
        self._closed = False
        self._started = time.monotonic()
        self._events: list[Event] = []
        self._by_step: dict[tuple[str, str], Event] = {}
        self._files: dict[str, str] = {}
        self._listeners: list[Callable[[Event], None]] = []
        self._header = Header()
        self.redactor.numbers = Numbers(folder / _NUMBERS)

    @staticmethod
    def create(
        runs_dir: Path, start: Mapping[str, object], *, redactor: Redactor | None = None
    ) -> Run:
        """Begin a run in a new folder of `runs_dir` and record `start`. Raises TraceError."""
        run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        try:
            _make_runs_dir(runs_dir)
            (runs_dir / run_id).mkdir(mode=0o700)
            sync_folder(runs_dir)
        except OSError as error:
            raise TraceError(
                f"cannot make a run's folder in {runs_dir}: {error}; give another --runs-dir"
            ) from error
        run = Run(runs_dir / run_id, redactor)
        run.append("run.start", {**start, "run": run_id})
        sync_folder(run.folder)
        return run

    @staticmethod
    def open(runs_dir: Path, run_id: str, *, redactor: Redactor | None = None) -> Run:
        """Go on with a recorded run: lock it, check its chain, set an unfinished last line aside.

        `run_id` may be shortened as `find_run` allows. Raises InputError if there is no such run,
        RunBusy at once if another process writes it, TraceDamaged if it was altered.
        """
        run = Run(find_run(runs_dir, run_id), redactor)
        try:
            run._restore()
            if not run._events:
                raise InputError(f"run {run.id} ended before its first event: start a new one")
            if run._events[-1].kind == "run.end":
                run._finish_seal()
        except BaseException:
            run.close()
            raise
        return run

    @property
    def id(self) -> str:
        """The run's id, which is its folder's name."""
        return self.folder.name

    @property
    def events(self) -> tuple[Event, ...]:
        """Every event so far, of all sessions."""
        return tuple(self._events)

    @property
    def elapsed_ms(self) -> int:
        """Run time so far: all sessions added up, each up to its last event."""
        before = self._events[-1].mono_ms if self._events else 0
        return before + int((time.monotonic() - self._started) * 1000)

    @property
    def closed(self) -> bool:
        """Whether nothing more can be recorded through this object."""
        return self._closed

    @property
    def ended(self) -> Event | None:
        """The `run.end` event, if the last event is one."""
        last = self._events[-1] if self._events else None
        return last if last is not None and last.kind == "run.end" else None

    def append(
        self,
        kind: str,
        data: Mapping[str, object],
        *,
        step: str | None = None,
        actor: str = "tool",
        cause: tuple[int, ...] = (),
    ) -> Event:
        """Record one event; it is on disk when this returns.

        In `data` bytes and Trees are stored as blobs, with digests in their places; secrets are
        redacted; strings of more than 2048 characters go to a blob, their beginnings stay. Raises
        TraceError on a float or a foreign type, and on a write that fails, after which the run
        takes no more events.
        """
        with self._guard:
            self._check_open()
            if self._dirty:
                self._restore()
            plain = Storing(self.blobs, self.redactor, self._files).data(data)
            event = self._write(kind, plain, step, actor, cause)
            for listener in self._listeners:
                listener(event)
            return event

    @contextmanager
    def listening(self, listener: Callable[[Event], None]) -> Iterator[None]:
        """Call `listener` with each event that `append` records meanwhile, once it is on disk."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def _write(
        self,
        kind: str,
        data: dict[str, Json],
        step: str | None,
        actor: str,
        cause: tuple[int, ...],
    ) -> Event:
        seq = len(self._events)
        prev = self._events[-1].digest if self._events else GENESIS
        now = self.elapsed_ms
        line = encode(seq, prev, _utc(), now, kind, step, actor, cause, data)
        event = decode(line, self.id)
        # A signal may raise between the write and the bookkeeping: `_dirty` makes the next append
        # read the file again first.
        self._dirty = True
        try:
            self.blobs.sync()
            self._lines.append(line)
        except TraceError:
            self._failed = True
            raise
        self._take(event)
        self._started = time.monotonic()
        self._dirty = False
        if kind in Header.CHANGES:
            self._save_header()
        return event

    def recorded(self, kind: str, step: str) -> Event | None:
        """Return the event of this kind that `step` led to, if it was recorded."""
        return self._by_step.get((kind, step))

    def find(self, kind: str, key: str, value: Json) -> Event | None:
        """Return the last event of this kind whose data have `value` under `key`."""
        for event in reversed(self._events):
            if event.kind == kind and event.data.get(key) == value:
                return event
        return None

    def seal(self, status: str, data: Mapping[str, object]) -> Seal:
        """Record the end of the run and seal it in `run.json` and in the index beside the runs.

        May be called again after further events of a resumed session. Raises TraceError.
        """
        self.append("run.end", {**data, "status": status})
        return self._finish_seal()

    def close(self) -> None:
        """Let the run go. Nothing is lost by not calling it."""
        if not self._closed:
            self._closed = True
            self._lines.close()
            self._lock.release()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise TraceError(f"run {self.id} is closed: nothing more can be recorded")
        if self._failed:
            raise TraceError(f"run {self.id}: an earlier write failed; resume it to go on")

    def _restore(self) -> None:
        """Read the file again, set a torn tail aside and record that. Raises TraceDamaged."""
        torn = self._lines.mend()
        self.blobs.sweep()
        self._events.clear()
        self._by_step.clear()
        self._header = Header()
        for event in chain((self.folder / EVENTS).read_bytes(), f"{self.id}/{EVENTS}"):
            self._take(event)
        self._started = time.monotonic()
        self._dirty = False
        if torn and self._events:
            data: dict[str, Json] = {"bytes": len(torn), "torn_sha256": sha256(torn)}
            self._write("torn", data, None, "tool", ())

    def _take(self, event: Event) -> None:
        self._events.append(event)
        if event.step is not None:
            self._by_step[(event.kind, event.step)] = event
        self._header.take(event)

    def _finish_seal(self) -> Seal:
        last = self._events[-1]
        seal = Seal(self.id, len(self._events), last.digest, str(last.data.get("status", "")))
        self._header.seal = seal
        self._save_header()
        add_to_index(self.folder.parent, seal, last.ts)
        self.redactor.numbers.forget()
        return seal

    def _save_header(self) -> None:
        try:
            replace_synced(self.folder / "run.json", self._header.encode())
        except OSError as error:
            self._failed = True
            raise TraceError(f"cannot write {self.folder / 'run.json'}: {error}") from error


def _make_runs_dir(runs_dir: Path) -> None:
    """Make the folder of runs, for its owner alone and out of git's sight, if it is not there."""
    if not runs_dir.is_dir():
        runs_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        (runs_dir / ".gitignore").write_text("*\n", encoding="ascii")


def _utc() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

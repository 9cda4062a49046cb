"""Shelf: a batch's records on storage that all machines reach, at any address that fsspec knows.

Object stores know neither appending nor locks. So each thing is an object of its own, written
whole: a row and a note of the run that was begun for each bundle, the answer to each question, and
every file of a run's record as it was when it was last pushed, contents before the events that cite
them. An answer is on the shelf before anything is done with it: no loss of machines pays it twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ohgw_agent.trace.redaction import Redactor
from ohgw_tools.errors import InputError, OhgwError, TraceDamaged, TraceError

Json = dict[str, Any]


class Shelf:
    """Storage below `url`. Made where it is used: a connection is not carried to other processes.

    Raises InputError for an address that cannot be used, TraceError for what cannot be stored.
    """

    def __init__(self, url: str) -> None:
        try:
            from fsspec.core import url_to_fs

            self._files, self._root = url_to_fs(url)
        except ImportError as error:
            remedy = "pip install 'ohgw-agent[ray]', and what fsspec needs for this kind of address"
            raise InputError(f"--store {url}: {error}; {remedy}") from error
        except (ValueError, OSError) as error:
            raise InputError(f"--store {url}: {error}") from error
        self.url = url
        self._pushed: dict[Path, tuple[int, int]] = {}
        self._made: set[str] = set()
        self._redactor = Redactor.from_environment()

    def reply(self, key: str) -> str | None:
        """Return the answer to a question, if it was ever given."""
        content = self._get(f"replies/{key}.json")
        return None if content is None else content.decode()

    def keep_reply(self, key: str, reply: str) -> None:
        """Keep an answer, less the secrets in it."""
        self.put(f"replies/{key}.json", self._redactor.content(reply.encode()))

    def keep(self, kind: str, configuration: str, digest: str, row: Json) -> None:
        """Keep one line of the results as an object: `kind` is `rows`, `facts` or `begun`."""
        name = f"{kind}/{configuration}/{digest}.json"
        self.put(name, json.dumps(row, sort_keys=True).encode() + b"\n")

    def kept(self, kind: str, configuration: str) -> Iterator[Json]:
        """Yield the lines of one kind and configuration, in order of digests."""
        folder = f"{self._root}/{kind}/{configuration}"
        try:
            with self._speaking(f"list {kind}"):
                names = sorted(str(name) for name in self._files.ls(folder, detail=False))
        except FileNotFoundError:
            return
        for name in names:
            content = self._get(f"{kind}/{configuration}/{name.rpartition('/')[2]}")
            if content is not None:
                yield json.loads(content)

    def push(self, folder: Path) -> None:
        """Bring the shelf's copy of a run up to date: contents first, then what cites them."""
        files = sorted(
            (p for p in folder.rglob("*") if p.is_file() and p.name != "lock"),
            key=lambda p: (p.parent == folder, p.name != "events.jsonl", p.name),
        )
        for path in files:
            if path.name.startswith("."):
                continue  # half written
            status = path.stat()
            state = (status.st_size, status.st_mtime_ns)
            if self._pushed.get(path) != state:
                name = path.relative_to(folder.parent).as_posix()
                self.put(f"runs/{name}", path.read_bytes())
                self._pushed[path] = state

    def forget(self, folder: Path) -> None:
        """Stop watching a run that has ended."""
        self._pushed = {p: s for p, s in self._pushed.items() if folder not in p.parents}

    def fetch(self, runs_dir: Path, run: str) -> None:
        """Bring a run's record here, unless a newer one is: other machines may have written it."""
        source = f"{self._root}/runs/{run}"
        ours = runs_dir / run / "events.jsonl"
        try:
            with self._speaking(f"look for {run}"):
                theirs = int(self._files.size(f"{source}/events.jsonl") or 0)
        except FileNotFoundError:
            return
        if ours.exists() and ours.stat().st_size >= theirs:
            return
        runs_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._speaking(f"read {run}"):
            for name in self._files.find(source):
                path = runs_dir / run / str(name).partition(f"/runs/{run}/")[2]
                if ".." in path.parts:
                    raise TraceDamaged(f"{name} at {self.url} names a place outside of its run")
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.write_bytes(self._files.cat_file(name))

    def _get(self, name: str) -> bytes | None:
        try:
            with self._speaking(f"read {name}"):
                return bytes(self._files.cat_file(f"{self._root}/{name}"))
        except FileNotFoundError:
            return None

    def put(self, name: str, content: bytes) -> None:
        """Store an object whole."""
        path = f"{self._root}/{name}"
        folder = path.rpartition("/")[0]
        with self._speaking(f"store {name}"):
            if folder not in self._made:
                self._files.makedirs(folder, exist_ok=True)
                self._made.add(folder)
            self._files.pipe_file(path, content)

    @contextmanager
    def _speaking(self, what: str) -> Iterator[None]:
        """Make what storage raises ours. Each kind of storage has errors of its own for no
        credentials and no connection; that a thing is not there is the same for all.
        """
        try:
            yield
        except (FileNotFoundError, OhgwError):
            raise
        except Exception as error:
            said = f"cannot {what} at {self.url}: {type(error).__name__}: {error}"
            raise TraceError(said) from error

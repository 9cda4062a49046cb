"""Basket: the files that a run may bring back, chosen alike whichever sandbox they come from."""

from __future__ import annotations

import heapq
import os
import stat
from collections.abc import Mapping
from typing import BinaryIO

from ohgw_tools.isolation.capture import harmless
from ohgw_tools.sandbox import Limits

MAX_DEPTH = 32
MAX_PATH_BYTES = 1024
_MAX_REFUSALS = 200
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a fifo",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}


def kind_of(mode: int) -> str:
    """Name the type of a file that is neither regular nor a directory."""
    return _KINDS.get(stat.S_IFMT(mode), "a special file")


class Basket:
    """Takes files in any order; ends up with the smallest ones that fit the limits together.

    Small files first, so that a results file never loses its place to a checkpoint. Files that
    equal an input of the same path are left out without a word.
    """

    def __init__(self, limits: Limits, inputs: Mapping[str, bytes]) -> None:
        self._limits = limits
        self._inputs = inputs
        self._files: dict[str, bytes] = {}
        self._largest: list[tuple[int, _Reversed]] = []
        self._total = 0
        self._unlisted = 0
        self._refused: dict[str, str] = {}

    def refuse(self, path: bytes, reason: str) -> None:
        """Note that the file at `path` does not come back."""
        if len(self._refused) < _MAX_REFUSALS:
            self._refused[harmless(path[:MAX_PATH_BYTES]).replace("\n", "\\n")] = reason
        else:
            self._unlisted += 1

    def accepts_path(self, path: bytes) -> bool:
        """Whether `path`, relative, is one that the host can safely use; refuses it if not."""
        problem = _path_problem(path)
        if problem:
            self.refuse(path, problem)
        return not problem

    def accepts_size(self, path: bytes, size: int) -> bool:
        """Whether a file of `size` bytes could fit at all; refuses it if not. One that may be an
        unchanged input is always looked at.
        """
        if size > self._limits.artifact_bytes and not self._may_be_input(path, size):
            self.refuse(path, f"{size} bytes are more than the limit for artifacts")
            return False
        return True

    def _may_be_input(self, path: bytes, size: int) -> bool:
        given = self._inputs.get(path.decode("utf-8", "replace"))
        return given is not None and len(given) == size

    def put(self, path: bytes, size: int, content: BinaryIO) -> None:
        """Read a regular file of `size` bytes; the largest go again if the limits are passed."""
        if not (self.accepts_path(path) and self.accepts_size(path, size)):
            return
        data = content.read(size + 1)
        if len(data) != size:
            self.refuse(path, "its size changed while it was read")
            return
        name = path.decode()
        if self._inputs.get(name) == data:
            return
        if size > self._limits.artifact_bytes:
            self.refuse(path, f"{size} bytes are more than the limit for artifacts")
            return
        self._files[name] = data
        self._total += size
        heapq.heappush(self._largest, (-size, _Reversed(name)))
        over = self._limits
        while self._total > over.artifact_bytes or len(self._files) > over.artifact_files:
            self._drop_largest()

    def _drop_largest(self) -> None:
        negative, name = heapq.heappop(self._largest)
        del self._files[name.text]
        self._total += negative
        self.refuse(name.text.encode(), "the limit for artifacts is used up by smaller files")

    def result(self) -> tuple[dict[str, bytes], dict[str, str]]:
        """Return the accepted files and the refused paths with reasons, both sorted by path."""
        refused = dict(sorted(self._refused.items()))
        if self._unlisted:
            refused["..."] = f"{self._unlisted} more refused"
        return dict(sorted(self._files.items())), refused


class _Reversed:
    """A string that sorts backwards, for a heap."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __lt__(self, other: _Reversed) -> bool:
        return self.text > other.text


def _path_problem(path: bytes) -> str:
    if len(path) > MAX_PATH_BYTES:
        return f"its path is longer than {MAX_PATH_BYTES} bytes"
    try:
        text = path.decode()
    except UnicodeDecodeError:
        return "its name is not UTF-8"
    if harmless(path) != text or "\n" in text or "\\" in text:
        return "its name holds control characters or a backslash"
    if any(part in ("", ".", "..") for part in text.split("/")):
        return "its path does not stay in the work directory"
    return ""


def collect(directory: int, basket: Basket, max_entries: int) -> None:
    """Offer `basket` every file beneath an open directory that nobody writes to any more.

    No link is followed and nothing but regular files with one name is opened. Needs no recursion,
    so that a very deep tree costs no stack.
    """
    pending: list[tuple[int, bytes, int]] = [(os.dup(directory), b"", 0)]
    seen = 0
    try:
        while pending:
            handle, prefix, depth = pending.pop()
            try:
                os.fchmod(handle, 0o700)
                for name in _names(handle):
                    seen += 1
                    if seen > max_entries:
                        basket.refuse(prefix or b".", "too many files to look at")
                        return
                    _visit(handle, name, prefix, depth, basket, pending)
            except OSError as error:
                basket.refuse(prefix or b".", error.strerror or "unreadable")
            finally:
                os.close(handle)
    finally:
        for handle, _, _ in pending:
            os.close(handle)


def _names(directory: int) -> list[bytes]:
    with os.scandir(directory) as entries:
        return sorted(os.fsencode(entry.name) for entry in entries)


def _visit(
    parent: int,
    name: bytes,
    prefix: bytes,
    depth: int,
    basket: Basket,
    pending: list[tuple[int, bytes, int]],
) -> None:
    path = prefix + b"/" + name if prefix else name
    try:
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            if depth >= MAX_DEPTH:
                basket.refuse(path, f"deeper than {MAX_DEPTH} directories")
                return
            os.chmod(name, 0o700, dir_fd=parent)
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            pending.append((os.open(name, flags, dir_fd=parent), path, depth + 1))
        elif not stat.S_ISREG(status.st_mode):
            basket.refuse(path, kind_of(status.st_mode))
        elif status.st_nlink != 1:
            basket.refuse(path, "a hard link")
        elif basket.accepts_size(path, status.st_size):
            os.chmod(name, 0o600, dir_fd=parent)
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with os.fdopen(os.open(name, flags, dir_fd=parent), "rb") as file:
                basket.put(path, status.st_size, file)
    except OSError as error:
        basket.refuse(path, error.strerror or "unreadable")

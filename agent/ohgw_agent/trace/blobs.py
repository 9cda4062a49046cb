"""Blobs: contents by their SHA-256, written whole or not at all."""

from __future__ import annotations

import errno
import gzip
import os
import re
import stat
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

from ohgw_tools.errors import TraceDamaged, TraceError
from ohgw_tools.tree import sha256

BLOCK = 4096  # bytes that a file takes at least on common file systems
MOST = 1 << 30
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


class Blobs:
    """Contents below one folder, at `sha256/<digest>`, as in an OCI image layout. Contents that
    take fewer disk blocks in gzip's form are kept so, at `<digest>.gz`; the digest is always that
    of the content itself.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "sha256"
        self._unsynced = self.folder.exists()  # a session that was killed may not have waited

    def path(self, digest: str) -> Path:
        """Return where the contents of `digest` stand, or would stand in their plain form.

        Raises TraceError if it is no digest.
        """
        if not _DIGEST.match(digest):
            raise TraceError(f"{digest!r} is not a SHA-256 in 64 hexadecimal digits")
        plain = self.folder / digest
        packed = self.folder / f"{digest}.gz"
        return packed if packed.exists() and not plain.exists() else plain

    def put(self, content: bytes) -> str:
        """Store `content` and return its digest. It is on disk when this returns, and its name once
        `sync` does: many contents are written for one event, and their folder waited for once.

        Raises TraceError if it cannot be written; nothing half written ever stands under a digest.
        """
        digest = sha256(content)
        path = self.path(digest)
        if path.exists():
            return digest
        packed = gzip.compress(content, 6, mtime=0) if len(content) > BLOCK else content
        try:
            if len(packed) // BLOCK < len(content) // BLOCK:
                self._write(path.with_name(f"{digest}.gz"), packed)
            else:
                self._write(path, content)
        except OSError as error:
            raise TraceError(
                f"cannot store {len(content)} bytes in {path.parent}: {error}"
            ) from error
        return digest

    def _write(self, path: Path, content: bytes) -> None:
        if not self.folder.exists():
            for folder in (self.folder.parent, self.folder):
                folder.mkdir(mode=0o700, exist_ok=True)
                sync_folder(folder.parent)
        temporary = path.with_name(f".{path.name}.{threading.get_ident()}.tmp")
        write_synced(temporary, content)
        temporary.rename(path)
        self._unsynced = True

    def sync(self) -> None:
        """Wait until the names of all contents are on disk. Raises TraceError."""
        if not self._unsynced:
            return
        self._unsynced = False
        try:
            sync_folder(self.folder)
        except OSError as error:
            raise TraceError(f"cannot store contents in {self.folder}: {error}") from error

    def get(self, digest: str) -> bytes:
        """Return the contents. Raises TraceDamaged if they are gone or are no longer the same."""
        path = self.path(digest)
        try:
            stored = read_regular(path)
        except FileNotFoundError as error:
            raise TraceDamaged(f"blob {digest} is missing") from error
        except OSError as error:
            raise TraceError(f"cannot read {path}: {error}") from error
        content = _unpacked(stored, digest) if path.suffix == ".gz" else stored
        if sha256(content) != digest:
            raise TraceDamaged(f"blob {digest} was altered")
        return content

    def __contains__(self, digest: str) -> bool:
        return self.path(digest).exists()

    def __iter__(self) -> Iterator[str]:
        """Yield every digest, sorted."""
        names = {path.name.removesuffix(".gz") for path in self.folder.glob("*")}
        yield from sorted(name for name in names if _DIGEST.match(name))

    def size(self, digest: str) -> int:
        """The bytes that contents take on disk; 0 if they are gone."""
        path = self.path(digest)
        return path.stat().st_size if path.exists() else 0

    def remove(self, digest: str) -> int:
        """Remove contents and return how many bytes they took; 0 if they were gone already."""
        size = self.size(digest)
        self.path(digest).unlink(missing_ok=True)
        return size

    def sweep(self) -> None:
        """Remove what a killed writer left half written."""
        for path in self.folder.glob(".*.tmp"):
            path.unlink(missing_ok=True)


def _unpacked(stored: bytes, digest: str) -> bytes:
    """Undo gzip, up to a size that no content of ours has: an altered file may be a bomb."""
    unpacking = zlib.decompressobj(wbits=31)
    try:
        content = unpacking.decompress(stored, MOST)
    except zlib.error as error:
        raise TraceDamaged(f"blob {digest} was altered: {error}") from error
    if not unpacking.eof or unpacking.unused_data:
        raise TraceDamaged(f"blob {digest} was altered: it does not end where it should")
    return content


def read_regular(path: Path) -> bytes:
    """Read a file of a record, which may be anybody's: never through a link, and without waiting
    for the other end of a pipe. Raises OSError, TraceDamaged for what is no regular file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link, a socket
            raise TraceDamaged(f"{path} is no regular file") from error
        raise
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise TraceDamaged(f"{path} is no regular file")
        return file.read()


def write_synced(path: Path, content: bytes) -> None:
    """Write a new file for its owner alone and wait until it is on disk. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_synced(path: Path, content: bytes) -> None:
    """Put `content` in the place of `path` in one step. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    write_synced(temporary, content)
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names in `folder` are on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

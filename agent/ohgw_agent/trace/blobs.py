"""Blobs: contents by their SHA-256, written whole or not at all."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

from ohgw_tools.errors import TraceDamaged, TraceError
from ohgw_tools.tree import sha256

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


class Blobs:
    """Contents below one folder, at `sha256/<digest>`, as in an OCI image layout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "sha256"

    def path(self, digest: str) -> Path:
        """Return where the contents of `digest` stand. Raises TraceError if it is no digest."""
        if not _DIGEST.match(digest):
            raise TraceError(f"{digest!r} is not a SHA-256 in 64 hexadecimal digits")
        return self.folder / digest

    def put(self, content: bytes) -> str:
        """Store `content` and return its digest. It is on disk when this returns.

        Raises TraceError if it cannot be written; nothing half written ever stands under a digest.
        """
        digest = sha256(content)
        path = self.path(digest)
        if path.exists():
            return digest
        try:
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
        sync_folder(path.parent)

    def get(self, digest: str) -> bytes:
        """Return the contents. Raises TraceDamaged if they are gone or are no longer the same."""
        path = self.path(digest)
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise TraceDamaged(f"blob {digest} is missing") from error
        except OSError as error:
            raise TraceError(f"cannot read {path}: {error}") from error
        if sha256(content) != digest:
            raise TraceDamaged(f"blob {digest} was altered")
        return content

    def __contains__(self, digest: str) -> bool:
        return self.path(digest).exists()

    def __iter__(self) -> Iterator[str]:
        """Yield every digest, sorted."""
        for path in sorted(self.folder.glob("*")):
            if _DIGEST.match(path.name):
                yield path.name

    def remove(self, digest: str) -> int:
        """Remove contents and return how many bytes they had; 0 if they were gone already."""
        path = self.path(digest)
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            return 0
        return size

    def sweep(self) -> None:
        """Remove what a killed writer left half written."""
        for path in self.folder.glob(".*.tmp"):
            path.unlink(missing_ok=True)


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

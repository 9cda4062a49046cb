"""Lines: an append-only file of lines, each on disk before `append` returns; torn tails kept."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from pathlib import Path

from ohgw_agent.trace.blobs import read_regular
from ohgw_tools.errors import RunBusy, TraceError


class Lines:
    """One file of lines with one writer. Open it only under a `Lock`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise TraceError(f"cannot open {path} for writing: {error}") from error

    def append(self, line: bytes) -> None:
        """Write `line` and a newline in one call, and wait until they are on disk.

        Raises TraceError on an error or a short write (a full disk): what stands half written is
        set aside by the next `mend`, and nothing written before is touched.
        """
        content = line + b"\n"
        try:
            written = os.write(self._descriptor, content)
            if written != len(content):
                raise TraceError(
                    f"{self.path}: only {written} of {len(content)} bytes could be written:"
                    " the disk is full or a quota is reached. The run stops; what was recorded"
                    " before is safe. Free some space, then resume"
                )
            os.fsync(self._descriptor)
        except OSError as error:
            raise TraceError(
                f"cannot write to {self.path}: {error}. The run stops; what was recorded before is"
                " safe"
            ) from error

    def mend(self) -> bytes:
        """Set an unfinished last line aside in `<name>.torn` and return its bytes.

        Raises TraceError where that cannot be done; then nothing was changed.
        """
        content = read_regular(self.path)
        end = content.rfind(b"\n") + 1
        torn = content[end:]
        if torn:
            self._set_aside(torn)
            os.ftruncate(self._descriptor, end)
            os.fsync(self._descriptor)
        return torn

    def _set_aside(self, torn: bytes) -> None:
        aside = self.path.with_name(self.path.name + ".torn")
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(aside, flags, 0o600)
            try:
                if os.write(descriptor, torn + b"\n") <= len(torn):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise TraceError(
                f"cannot set an unfinished line aside in {aside}: {error}. Nothing was changed"
            ) from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


class Lock:
    """An advisory lock on a file, held until `release` or the end of the process."""

    def __init__(self, path: Path, *, wait: bool = False) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise TraceError(f"cannot lock {path}: {error}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            holder = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise RunBusy(
                f"{path.parent.name} is being written by process {holder or '(unknown)'};"
                " wait for it, or stop it"
            ) from error
        # Who holds it is a courtesy to others: a full disk must not take the lock away.
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let go. The file stays: removing it would let two processes lock different files."""
        os.close(self._descriptor)

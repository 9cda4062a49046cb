"""The work directory: inputs in, artifacts out, both with the rights of the throw-away user."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ohgw_tools.isolation.warden.frame import named, read_exactly, send

_WORK = b"/work"
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a fifo",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}


@contextlib.contextmanager
def rights_of(user: int) -> Iterator[None]:
    """Have this user's rights over files for the length of the block."""
    os.setegid(user)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def put(order: dict[str, Any]) -> dict[bytes, bytes]:
    """Read the input files from the host and write them; return the digest of each."""
    digests = {}
    os.umask(0o022)
    with rights_of(order["user"]):
        for path, size in order["files"]:
            content = read_exactly(0, size)
            target = Path("/work", path)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                file.write(content)
            digests[os.fsencode(path)] = hashlib.sha256(content).digest()
    return digests


def send_back(order: dict[str, Any], digests: dict[bytes, bytes]) -> None:
    """Send new and changed files, the smallest first, until the host's limits are used up.

    Everything else in the container must be dead: nothing changes while this looks.
    """
    with rights_of(order["user"]):
        files = []
        for path, size, reason in _entries(order["entries"], order["depth"]):
            if reason is None:
                files.append((size, path))
            else:
                send(b"x", named(path[:1024], reason.encode()))
        room, count = order["artifact_bytes"], order["artifact_files"]
        for size, path in sorted(files):
            if path in digests and hashlib.sha256(_content(path)[1]).digest() == digests[path]:
                continue
            if size > order["artifact_bytes"]:
                reason = f"{size} bytes are more than the limit for artifacts"
            elif size > room or not count:
                reason = "the limit for artifacts is used up by smaller files"
            else:
                reason, content = _content(path)
                if not reason:
                    room -= size
                    count -= 1
                    send(b"f", named(path, content))
                    continue
            send(b"x", named(path[:1024], reason.encode()))


def _content(path: bytes) -> tuple[str, bytes]:
    """Read a regular file, whatever its mode says to its owner; or say why not."""
    target = Path(os.fsdecode(_WORK + b"/" + path))
    try:
        target.chmod(0o600)
        return "", target.read_bytes()
    except OSError as error:
        return error.strerror or "unreadable", b""


def _entries(limit: int, deepest: int) -> Iterator[tuple[bytes, int, str | None]]:
    """Yield (path, size, None) of regular files and (path, 0, reason) of refused ones."""
    pending = [(b"", 0)]
    seen = 0
    while pending:
        prefix, depth = pending.pop()
        try:
            names = _names(prefix)
        except OSError as error:
            yield prefix or b".", 0, error.strerror or "unreadable"
            continue
        for name in names:
            seen += 1
            if seen > limit:
                yield prefix or b".", 0, "too many files to look at"
                return
            path = prefix + b"/" + name if prefix else name
            try:
                status = os.lstat(_WORK + b"/" + path)
            except OSError as error:
                yield path, 0, error.strerror or "unreadable"
                continue
            if not stat.S_ISDIR(status.st_mode):
                yield path, status.st_size, _problem(status)
            elif depth >= deepest:
                yield path, 0, f"deeper than {deepest} directories"
            else:
                pending.append((path, depth + 1))


def _names(directory: bytes) -> list[bytes]:
    place = _WORK + b"/" + directory
    Path(os.fsdecode(place)).chmod(0o700)
    with os.scandir(place) as entries:
        return sorted(entry.name for entry in entries)


def _problem(status: os.stat_result) -> str | None:
    if not stat.S_ISREG(status.st_mode):
        return _KINDS.get(stat.S_IFMT(status.st_mode), "a special file")
    return None if status.st_nlink == 1 else "a hard link"

"""Putting a bundle's files into a sandbox's work directory, through an open handle of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping

from ohgw_tools.errors import SandboxFailed
from ohgw_tools.sandbox import Limits


def checked_parts(path: str) -> tuple[str, ...]:
    """Split a relative POSIX path. Raises SandboxFailed for one that could leave its directory."""
    parts = tuple(path.split("/"))
    if "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise SandboxFailed(
            f"input path {path!r} does not stay in the work directory",
            "Give relative paths without '..'.",
        )
    return parts


def check_inputs(files: Mapping[str, bytes], limits: Limits) -> None:
    """Raise SandboxFailed if `files` cannot be put into a work directory with these limits."""
    for path in files:
        checked_parts(path)
    size = sum(len(content) for content in files.values())
    if size > limits.work_bytes or len(files) > limits.work_inodes:
        raise SandboxFailed(
            f"{len(files)} input files with {size} bytes do not fit the work directory",
            "Raise work_bytes or work_inodes.",
        )


def write_inputs(directory: int, files: Mapping[str, bytes], owner: int | None) -> None:
    """Create `files` beneath an open directory; `owner` is the user and group they get, if any.

    Raises SandboxFailed when a file cannot be created.
    """
    made: set[tuple[str, ...]] = set()
    for path, content in files.items():
        *parents, name = checked_parts(path)
        try:
            with contextlib.ExitStack() as stack:
                handle = directory
                for depth, parent in enumerate(parents):
                    key = tuple(parents[: depth + 1])
                    handle = _enter(handle, parent, owner, fresh=key not in made)
                    stack.callback(os.close, handle)
                    made.add(key)
                _create(handle, name, content, owner)
        except OSError as error:
            raise SandboxFailed(f"cannot write {path!r} into the sandbox: {error}") from error


def _enter(handle: int, name: str, owner: int | None, *, fresh: bool) -> int:
    if fresh:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o755, dir_fd=handle)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    child = os.open(name, flags, dir_fd=handle)
    if fresh and owner is not None:
        os.fchown(child, owner, owner)
    return child


def _create(handle: int, name: str, content: bytes, owner: int | None) -> None:
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, 0o644, dir_fd=handle), "wb") as file:
        file.write(content)
        if owner is not None:
            os.fchown(file.fileno(), owner, owner)

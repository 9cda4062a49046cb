"""Tree: an immutable set of text files by relative POSIX path, with a digest over its bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property


def sha256(content: bytes) -> str:
    """Return the SHA-256 of `content` as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


class Tree(Mapping[str, str]):
    """Files by relative POSIX path, in sorted order. Never changes; `with_file` makes a new one.

    Paths are taken as they are: only `ohgw_tools.bundle` lets foreign ones in, and checks them.
    """

    __slots__ = ("__dict__", "_files")

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = dict(sorted(files.items()))

    def __getitem__(self, path: str) -> str:
        return self._files[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tree) and self._files == other._files

    def __repr__(self) -> str:
        return f"Tree({len(self)} files, {self.digest[:12]})"

    @cached_property
    def file_digests(self) -> dict[str, str]:
        """SHA-256 of each file's UTF-8 bytes, by path."""
        return {path: sha256(text.encode()) for path, text in self._files.items()}

    @cached_property
    def manifest(self) -> bytes:
        """The tree as canonical JSON, path to digest: the bytes that `digest` is taken over."""
        return json.dumps(self.file_digests, sort_keys=True, separators=(",", ":")).encode()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the manifest: equal for equal trees, whatever order the files came in."""
        return sha256(self.manifest)

    def with_file(self, path: str, text: str) -> Tree:
        """Return a tree in which `path` holds `text`."""
        return Tree({**self._files, path: text})

    def without(self, path: str) -> Tree:
        """Return a tree that lacks `path`. Raises KeyError if there is none."""
        files = dict(self._files)
        del files[path]
        return Tree(files)

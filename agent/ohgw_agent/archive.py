"""Archive: trees, patches, verdicts and attempts by their digest, on top of a run's blobs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Protocol, TypeVar

from pydantic import BaseModel

from ohgw_tools.tree import Tree, sha256

ModelT = TypeVar("ModelT", bound=BaseModel)


class Blobs(Protocol):
    """Bytes by their SHA-256, safely on disk once `put` returns."""

    def put(self, content: bytes) -> str:
        """Store bytes and return their digest as 64 hexadecimal digits."""
        ...

    def get(self, digest: str) -> bytes:
        """Return the bytes. Raises TraceDamaged if they are missing or altered."""
        ...


class Archive:
    """Values of a run by digest. What was put or read once is kept in memory as well, because a
    redacted blob is not the value that the run goes on with.
    """

    def __init__(self, blobs: Blobs, redact: Callable[[bytes], bytes]) -> None:
        self._blobs = blobs
        self._redact = redact
        self._trees: dict[str, Tree] = {}
        self._values: dict[str, BaseModel] = {}

    def keep_tree(self, tree: Tree) -> str:
        """Remember a tree, which the event that brings it stores, and return its digest."""
        self._trees[tree.digest] = tree
        return tree.digest

    def tree(self, digest: str) -> Tree:
        """Return the tree of that digest."""
        if digest not in self._trees:
            manifest = json.loads(self._blobs.get(digest))
            files = {path: self._blobs.get(d).decode() for path, d in manifest.items()}
            self._trees[digest] = Tree(files)
        return self._trees[digest]

    def put_value(self, value: BaseModel) -> str:
        """Store a value as JSON. Returns the digest that `value` finds it by."""
        digest = self.put_bytes(value.model_dump_json().encode())
        self._values[digest] = value
        return digest

    def keep_value(self, value: BaseModel) -> str:
        """Remember a value that can be made again from the record, and return its digest."""
        digest = sha256(value.model_dump_json().encode())
        self._values[digest] = value
        return digest

    def value(self, kind: type[ModelT], digest: str) -> ModelT:
        """Return the value of that digest."""
        known = self._values.get(digest)
        if isinstance(known, kind):
            return known
        value = kind.model_validate_json(self._blobs.get(digest))
        self._values[digest] = value
        return value

    def put_bytes(self, content: bytes) -> str:
        """Store bytes, less the secrets in them, and return the digest of what was stored."""
        return self._blobs.put(self._redact(content))

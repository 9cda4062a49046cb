"""Storing: event data made plain: secrets out, contents and trees to blobs, digests in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ohgw_agent.trace.blobs import Blobs
from ohgw_agent.trace.event import LONG, LONG_END, LONG_MARK, Json
from ohgw_agent.trace.redaction import Redactor
from ohgw_tools.errors import TraceError
from ohgw_tools.tree import Tree

_HEAD = 1024  # characters of a long string that stay in the event


class Storing:
    """Makes the data of one event plain. `files` maps digests of files that this session stored
    before to the digests of what was stored: trees share most of their files, and each is looked
    through for secrets once.
    """

    def __init__(self, blobs: Blobs, redactor: Redactor, files: dict[str, str]) -> None:
        self._blobs = blobs
        self._redactor = redactor
        self._files = files
        self._redacted: dict[str, Json] = {}

    def data(self, data: Mapping[str, object]) -> dict[str, Json]:
        """Return `data` with plain values only; notes under `redactions` and `redacted` what was
        taken out. Raises TraceError on a value that cannot be recorded.
        """
        before = Counter(self._redactor.counts)
        plain = {self._redactor.text(key): self._value(item, key) for key, item in data.items()}
        counts = self._redactor.counts - before
        if counts:
            plain["redactions"] = dict(sorted(counts.items()))
        if self._redacted:
            plain["redacted"] = self._redacted
        return plain

    def _value(self, value: object, place: str) -> Json:
        if value is None or isinstance(value, (bool, int)):
            return value
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, bytes):
            return self._blobs.put(self._redactor.content(value))
        if isinstance(value, Tree):
            return self._tree(value)
        if isinstance(value, Mapping):
            return {
                self._redactor.text(str(key)): self._value(item, f"{place}.{key}")
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self._value(item, f"{place}[{n}]") for n, item in enumerate(value)]
        if isinstance(value, float):
            raise TraceError(f"data.{place}: {value!r} is a float; record integers (ms, micro-USD)")
        raise TraceError(f"data.{place}: a {type(value).__name__} cannot be recorded")

    def _text(self, text: str) -> str:
        clean = self._redactor.text(text)
        if len(clean) <= LONG:
            return clean
        digest = self._blobs.put(clean.encode("utf-8", "surrogatepass"))
        return f"{clean[:_HEAD]}{LONG_MARK}{digest}, {len(clean)}{LONG_END}"

    def _tree(self, tree: Tree) -> str:
        for path, digest in tree.file_digests.items():
            if digest not in self._files:
                clean = self._redactor.content(tree[path].encode())
                self._files[digest] = self._blobs.put(clean)
            if self._files[digest] != digest:
                self._redacted[digest] = self._files[digest]
        clean = self._redactor.content(tree.manifest)
        if clean != tree.manifest:  # a secret in a path
            self._redacted[tree.digest] = self._blobs.put(clean)
            return tree.digest
        return self._blobs.put(tree.manifest)

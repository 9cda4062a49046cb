"""Hunk: the lines that one edit changed, counted as in a unified diff."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import BaseModel

from ohgw_tools.frozen import FROZEN
from ohgw_tools.source.line_diff import spans


class Hunk(BaseModel):
    """Lines of the old file that gave way to lines of the new one.

    Lines count from 1; where one side has no lines, its start is the line that they would follow
    (0 at the top), as in a unified diff. `edits` numbers the edits of the patch, from 0.
    """

    model_config = FROZEN

    path: str
    edits: tuple[int, ...]
    old_start: int
    old_lines: int
    new_start: int
    new_lines: int


class _Line(NamedTuple):
    """A line, where it stood in the old file (from 0; None if it is new), and who wrote it."""

    text: str
    old: int | None
    edit: int | None


class LineHistory:
    """One file through the edits of a patch: which edit wrote, and which removed, each line."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._lines = [_Line(line, at, None) for at, line in enumerate(_split(text))]
        self._old_count = len(self._lines)
        self._removed: dict[int, int] = {}

    def record(self, edit: int, text: str) -> None:
        """Take note that `edit` made the file `text`."""
        old, new = self._lines, _split(text)
        fresh: list[_Line] = []
        for span in spans([line.text for line in old], new):
            if span.same:
                fresh += old[span.old_start : span.old_end]
                continue
            fresh += [_Line(text, None, edit) for text in new[span.new_start : span.new_end]]
            for line in old[span.old_start : span.old_end]:
                if line.old is not None:
                    self._removed[line.old] = edit
        self._lines = fresh

    def hunks(self) -> list[Hunk]:
        """Return what changed, in order of lines."""
        found = []
        old_at = new_at = 0
        while new_at < len(self._lines) or old_at < self._old_count:
            start = (old_at, new_at)
            edits: set[int] = set()
            while old_at in self._removed:
                edits.add(self._removed[old_at])
                old_at += 1
            while new_at < len(self._lines) and self._lines[new_at].old is None:
                edits.add(self._lines[new_at].edit or 0)
                new_at += 1
            if (old_at, new_at) == start:
                old_at, new_at = old_at + 1, new_at + 1
            else:
                found.append(self._hunk(start, (old_at, new_at), edits))
        return found

    def _hunk(self, start: tuple[int, int], end: tuple[int, int], edits: set[int]) -> Hunk:
        old_lines, new_lines = end[0] - start[0], end[1] - start[1]
        return Hunk(
            path=self._path,
            edits=tuple(sorted(edits)),
            old_start=start[0] + (old_lines > 0),
            old_lines=old_lines,
            new_start=start[1] + (new_lines > 0),
            new_lines=new_lines,
        )


def _split(text: str) -> list[str]:
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines

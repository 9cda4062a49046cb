"""LineDiff: which lines differ between two texts, in bounded time whatever the texts are."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

# difflib takes quadratic time on lines that repeat; past this many, a block counts as one change.
MAX_CELLS = 4_000_000


class Span(NamedTuple):
    """Lines `old_start:old_end` gave way to `new_start:new_end`, from 0; equal if `same`."""

    same: bool
    old_start: int
    old_end: int
    new_start: int
    new_end: int


def spans(old: Sequence[str], new: Sequence[str]) -> list[Span]:
    """Return the whole of both texts as spans that are the same and spans that changed, in turn."""
    head = 0
    shorter = min(len(old), len(new))
    while head < shorter and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[len(old) - 1 - tail] == new[len(new) - 1 - tail]:
        tail += 1
    old_end, new_end = len(old) - tail, len(new) - tail
    found = [Span(True, 0, head, 0, head)]
    if (old_end - head) * (new_end - head) > MAX_CELLS:
        found.append(Span(False, head, old_end, head, new_end))
    else:
        matcher = SequenceMatcher(None, old[head:old_end], new[head:new_end], autojunk=False)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            found.append(Span(tag == "equal", head + i1, head + i2, head + j1, head + j2))
    found.append(Span(True, old_end, len(old), new_end, len(new)))
    return [s for s in found if s.old_end > s.old_start or s.new_end > s.new_start]

"""Alignment: which line of a new text is which line of the old one.

Lines are matched by a shortest edit path (see `edit_path`), or, where two texts have so little in
common that it would take too long, by their longest common runs (as `difflib` does). A run of new
lines may often be moved up or down without changing what is said (the blank line before a function,
or the one after it): of these places the one is taken that begins and ends at shallow lines and
after blank lines, as people read it, and as git's diff does with its indent heuristic.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from ohgw_agent.trace import edit_path

_BLANK_GAIN = 2  # what a blank line before a boundary is worth, in columns of indentation


def kept(old: Sequence[str], new: Sequence[str]) -> list[int | None]:
    """Return for each line of `new` the index of the line of `old` that it is, or None."""
    old_changed, new_changed = edit_path.changed(old, new) or _by_longest_runs(old, new)
    _settle(old, old_changed)
    _settle(new, new_changed)
    left = (i for i, changed in enumerate(old_changed) if not changed)
    return [None if changed else next(left) for changed in new_changed]


def _by_longest_runs(old: Sequence[str], new: Sequence[str]) -> tuple[list[bool], list[bool]]:
    old_changed, new_changed = [True] * len(old), [True] * len(new)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for i, j, size in matcher.get_matching_blocks():
        old_changed[i : i + size] = [False] * size
        new_changed[j : j + size] = [False] * size
    return old_changed, new_changed


def _settle(lines: Sequence[str], changed: list[bool]) -> None:
    """Move each run of changed lines to the best of its places."""
    start = 0
    while start < len(lines):
        if not changed[start]:
            start += 1
            continue
        end = start
        while end < len(lines) and changed[end]:
            end += 1
        start, end, highest = _lowest(lines, changed, start, end)
        best = min(range(highest, end + 1), key=lambda e: (_cost(lines, start, end, e), -e))
        while end > best:
            start, end = start - 1, end - 1
            changed[start], changed[end] = True, False
        start = end


def _lowest(
    lines: Sequence[str], changed: list[bool], start: int, end: int
) -> tuple[int, int, int]:
    """Move a run up, then down, as far as it goes, taking in the runs that it meets. Returns where
    it is then, and the highest end that it can have.
    """
    while True:
        size = end - start
        while start > 0 and not changed[start - 1] and lines[start - 1] == lines[end - 1]:
            start, end = start - 1, end - 1
            changed[start], changed[end] = True, False
            while start > 0 and changed[start - 1]:
                start -= 1
        highest = end
        while end < len(lines) and lines[start] == lines[end]:
            changed[start], changed[end] = False, True
            start, end = start + 1, end + 1
            while end < len(lines) and changed[end]:
                end += 1
        if end - start == size:
            return start, end, highest


def _cost(lines: Sequence[str], start: int, end: int, at: int) -> int:
    """How ill it reads to let a run of this size end before line `at`."""
    return _boundary(lines, at) + _boundary(lines, at - (end - start))


def _boundary(lines: Sequence[str], at: int) -> int:
    """How deep the code is that a boundary stands before, less what blank lines are worth."""
    after = at
    while after < len(lines) and not lines[after].strip():
        after += 1
    before = at
    while before > 0 and not lines[before - 1].strip():
        before -= 1
    depth = _indent(lines[after]) if after < len(lines) else -1
    return depth - _BLANK_GAIN * (after - before) + (after > at)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))

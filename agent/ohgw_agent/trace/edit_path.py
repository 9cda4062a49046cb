"""EditPath: the shortest way from one text to another, line by line.

Myers, "An O(ND) Difference Algorithm and Its Variations", Algorithmica 1 (1986), in its linear
space form: the middle of a shortest path is looked for from both ends at once, and what lies before
and after it in the same way. It is what git's diff does; where several paths are equally short,
the same one is taken as there: deletions are tried before insertions, high diagonals first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

WINDOW = 100  # lines on either side that say whether a common line stands alone
MOST_STEPS = 600_000  # of the search; beyond it the caller matches in another way


def changed(
    old: Sequence[Hashable], new: Sequence[Hashable]
) -> tuple[list[bool], list[bool]] | None:
    """Return for each line of `old` whether it goes and for each of `new` whether it comes; None if
    the texts have so little in common that the search would take too long.

    Set aside first are lines that stand in one text alone, and lines that stand in the other text
    very often (blank ones) where nearly all about them is set aside: to match those would tear
    apart what was written in one piece.
    """
    left, right = _worth_matching(old, new), _worth_matching(new, old)
    gone, come = [True] * len(old), [True] * len(new)
    runs = _Search([old[n] for n in left], [new[n] for n in right]).common()
    if runs is None:
        return None
    for i, j, size in runs:
        for offset in range(size):
            gone[left[i + offset]] = come[right[j + offset]] = False
    return gone, come


def _worth_matching(lines: Sequence[Hashable], other: Sequence[Hashable]) -> list[int]:
    """The places of those lines that are not set aside."""
    counts = Counter(other)
    often = 1 << ((len(lines).bit_length() + 1) // 2)  # about the square root of their number
    kinds = [0 if not counts[line] else 2 if counts[line] >= often else 1 for line in lines]
    return [n for n, kind in enumerate(kinds) if kind == 1 or (kind == 2 and not _torn(kinds, n))]


def _torn(kinds: list[int], place: int) -> bool:
    """Whether a line stands amid lines that are set aside: on both sides, up to the next line that
    is matched, and three times as many of them as of lines that are just common.
    """
    alone, common = 0, 2
    for step in (-1, 1):
        found, at = 0, place + step
        while 0 <= at < len(kinds) and kinds[at] != 1 and abs(at - place) <= WINDOW:
            found, common, at = found + (kinds[at] == 0), common + (kinds[at] == 2), at + step
        if not found:
            return False
        alone += found
    return alone > 3 * common


class _Search:
    """One comparison. A box is four numbers: where it begins and ends in either text."""

    def __init__(self, a: list[Hashable], b: list[Hashable]) -> None:
        self.a, self.b = a, b
        self.steps = 0

    def common(self) -> list[tuple[int, int, int]] | None:
        """The runs that stay: place in either text, and length. None if that takes too long."""
        found, boxes = [], [(0, len(self.a), 0, len(self.b))]
        while boxes:
            i, i_end, j, j_end = boxes.pop()
            size = 0
            while i + size < i_end and j + size < j_end and self.a[i + size] == self.b[j + size]:
                size += 1
            found.append((i, j, size))
            i, j, size = i + size, j + size, 0
            while i < i_end and j < j_end and self.a[i_end - 1] == self.b[j_end - 1]:
                i_end, j_end, size = i_end - 1, j_end - 1, size + 1
            found.append((i_end, j_end, size))
            if i < i_end and j < j_end:
                middle = self._middle(i, i_end, j, j_end)
                if middle is None:
                    return None
                x, y = middle
                boxes += [(i, x, j, y), (x, i_end, y, j_end)]
        return found

    def _middle(self, i: int, i_end: int, j: int, j_end: int) -> tuple[int, int] | None:
        """A point that a shortest path through a box goes through. On diagonal d, x - y is d."""
        low, high = i - j_end, i_end - j
        start, end = i - j, i_end - j_end
        odd = (start - end) % 2 == 1
        ahead, back = {start: i}, {end: i_end}
        none_ahead, none_back = -1, i_end + 1
        for cost in range(1, i_end - i + j_end - j + 1):
            for d in _diagonals(start, cost, low, high):
                x = max(ahead.get(d - 1, none_ahead - 1) + 1, ahead.get(d + 1, none_ahead))
                x = self._along(x, d, i_end, j_end)
                ahead[d] = x
                if odd and d in back and back[d] <= x:
                    return x, x - d
            for d in _diagonals(end, cost, low, high):
                x = min(back.get(d - 1, none_back), back.get(d + 1, none_back + 1) - 1)
                x = self._back_along(x, d, i, j)
                back[d] = x
                if not odd and d in ahead and x <= ahead[d]:
                    return x, x - d
            self.steps += cost * 2
            if self.steps > MOST_STEPS:
                return None
        raise AssertionError("paths from both ends of a box meet")

    def _along(self, x: int, d: int, i_end: int, j_end: int) -> int:
        while x < i_end and x - d < j_end and self.a[x] == self.b[x - d]:
            x += 1
        return x

    def _back_along(self, x: int, d: int, i: int, j: int) -> int:
        while x > i and x - d > j and self.a[x - 1] == self.b[x - d - 1]:
            x -= 1
        return x


def _diagonals(middle: int, cost: int, low: int, high: int) -> range:
    """Those that paths of a cost can end on, from the highest, within a box."""
    top, bottom = middle + cost, middle - cost
    top -= 0 if top <= high else (top - high + 1) // 2 * 2
    bottom += 0 if bottom >= low else (low - bottom + 1) // 2 * 2
    return range(top, bottom - 1, -2)

"""TextMatch: where a quoted text stands in a file, slips that leave no doubt repaired.

Each rung of the ladder is a weaker notion of `the same text`. The first rung on which the text is
found decides: once is a match, more than once is refused. No rung looks at likeness: a text of
which a word has drifted is not found, and the refusal shows the nearest real lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ohgw_tools.editing.nearest_lines import listing, nearest
from ohgw_tools.editing.refusal import refused
from ohgw_tools.editing.slip import REWRITES, Pair

# Places are counted up to here; one more than one is refused in any case.
MANY = 50


class Match(NamedTuple):
    """The span of the file, in code points, the text to put there, and the slips repaired."""

    start: int
    end: int
    replacement: str
    notes: tuple[str, ...]


def locate(search: str, replace: str, text: str) -> Match:
    """Find the only place of `search` in `text` (LF line endings throughout).

    A search that ends in a line break means whole lines. Raises PatchRejected: ambiguous, no-match,
    no-change.
    """
    if not search.strip():
        raise refused("bad-code", "the text to be replaced is empty; quote the lines to change")
    lines = text.split("\n")
    for modes in (_strict, _loose):
        for rewrite in REWRITES:
            pair = rewrite.apply(Pair(search, replace), text)
            if pair is None or not pair.search.strip():
                continue
            for mode, found in modes(pair, text, lines):
                if len(found) > 1:
                    raise refused("ambiguous", _ambiguous(found, text))
                if found:
                    notes = tuple(note for note in (rewrite.note, mode) if note)
                    return found[0]._replace(notes=notes)
    raise refused("no-match", _no_match(search, replace, text))


def _strict(pair: Pair, text: str, lines: list[str]) -> Iterator[tuple[str, list[Match]]]:
    yield "", _exact(pair, text)
    yield "trailing blanks ignored", _by_lines(pair, lines)
    yield "indentation shifted to the file's", _shifted(pair, lines, str.strip)


def _loose(pair: Pair, text: str, lines: list[str]) -> Iterator[tuple[str, list[Match]]]:
    yield "the first line's indentation restored", _first_line(pair, lines)
    yield "blank lines ignored", _shifted(pair, lines, str.strip, blank_lines=False)
    yield "blanks within lines ignored", _shifted(pair, lines, _squeezed)


def _exact(pair: Pair, text: str) -> list[Match]:
    """Places of the very text. Whole lines if it ends in a line break, else whole words."""
    search, replace = pair
    whole = search.endswith("\n")
    if whole and replace and not replace.endswith("\n"):
        replace = f"{replace}\n"
    found: list[Match] = []
    haystack = text if text.endswith("\n") or not whole else f"{text}\n"
    start = haystack.find(search)
    while start >= 0 and len(found) < MANY:
        end = start + len(search)
        if _aligned(haystack, start, end, whole):
            found.append(Match(start, min(end, len(text)), replace, ()))
        start = haystack.find(search, start + 1)
    if found and found[0].end == len(text) and not text.endswith("\n") and whole:
        found[0] = found[0]._replace(replacement=replace.removesuffix("\n"))
    return found


def _aligned(text: str, start: int, end: int, whole_lines: bool) -> bool:
    if whole_lines:
        return start == 0 or text[start - 1] == "\n"
    return not (_splits(text, start) or _splits(text, end))


def _splits(text: str, at: int) -> bool:
    """Whether a cut at `at` would go through a word or a number (`epochs: 1|0`)."""
    if at <= 0 or at >= len(text):
        return False
    before, after = text[at - 1], text[at]
    word = (before.isalnum() or before == "_", after.isalnum() or after == "_")
    number = (before.isdigit() and after in ".e") or (before in ".-" and after.isdigit())
    return all(word) or number


def _by_lines(pair: Pair, lines: list[str]) -> list[Match]:
    """Places where the lines are the same once trailing blanks are gone. Blanks that the quoted
    lines have and the real ones lack are a slip, in the new lines too.
    """
    quoted = _lines(pair.search)
    wanted = [line.rstrip() for line in quoted]
    found = []
    for at in _places(wanted, [line.rstrip() for line in lines]):
        real = lines[at : at + len(quoted)]
        slipped = any(len(q) > len(r) for q, r in zip(quoted, real, strict=True))
        new = re.sub(r"(?m)[ \t]+$", "", pair.replace) if slipped else pair.replace
        found.append(_line_match(at, len(wanted), new, lines))
    return found


def _shifted(
    pair: Pair, lines: list[str], form: Callable[[str], str], blank_lines: bool = True
) -> list[Match]:
    """Places where every line has the same `form`, and is indented by the same blanks more, or
    less, than the quoted one. Without `blank_lines`, these count for nothing on either side.
    """
    quoted = [line for line in _lines(pair.search) if blank_lines or line.strip()]
    numbers = [n for n, line in enumerate(lines) if blank_lines or line.strip()]
    wanted = [form(line) for line in quoted]
    found = []
    for place in _places(wanted, [form(lines[n]) for n in numbers]):
        rows = numbers[place : place + len(quoted)]
        shift = _shift(quoted, [lines[n] for n in rows])
        moved = _moved(pair.replace, *shift) if shift else None
        if moved is not None:
            found.append(_line_match(rows[0], rows[-1] - rows[0] + 1, moved, lines))
    return found


def _first_line(pair: Pair, lines: list[str]) -> list[Match]:
    """Places where the first line alone lost its indentation, in both parts."""
    quoted, new = _lines(pair.search), _lines(pair.replace)
    if len(quoted) < 2 or _indent(quoted[0]) or (new[0].strip() and _indent(new[0])):
        return []
    wanted = [quoted[0].strip(), *(line.rstrip() for line in quoted[1:])]
    found = []
    for at in _places(wanted[1:], [line.rstrip() for line in lines]):
        if at and lines[at - 1].strip() == wanted[0] and _indent(lines[at - 1]):
            first = _indent(lines[at - 1]) + new[0] if new[0].strip() else ""
            found.append(_line_match(at - 1, len(wanted), "\n".join([first, *new[1:]]), lines))
    return found


def _squeezed(line: str) -> str:
    """A line with one blank between words and none beside other signs."""
    return re.sub(r"\s*([^\w\s])\s*", r"\1", re.sub(r"\s+", " ", line.strip()))


def _shift(quoted: list[str], real: list[str]) -> tuple[str, str] | None:
    """The prefix to take away and the prefix to put on, the same for all lines that have text."""
    shifts = set()
    for mine, theirs in zip(quoted, real, strict=True):
        if not mine.strip():
            continue
        has, wants = _indent(mine), _indent(theirs)
        if wants.endswith(has):
            shifts.add(("", wants[: len(wants) - len(has)]))
        elif has.endswith(wants):
            shifts.add((has[: len(has) - len(wants)], ""))
        else:
            return None
    return shifts.pop() if len(shifts) == 1 else None


def _moved(text: str, drop: str, add: str) -> str | None:
    moved = []
    for line in text.split("\n"):
        if not line.strip():
            moved.append("")
        elif not line.startswith(drop):
            return None
        else:
            moved.append(add + line[len(drop) :])
    return "\n".join(moved)


def _places(wanted: list[str], lines: list[str]) -> list[int]:
    """Where `wanted` stands in `lines`; no more than MANY places."""
    first, size = wanted[0], len(wanted)
    found = []
    for at in range(len(lines) - size + 1):
        if lines[at] == first and lines[at : at + size] == wanted:
            found.append(at)
            if len(found) >= MANY:
                break
    return found


def _line_match(at: int, size: int, replace: str, lines: list[str]) -> Match:
    start = sum(len(line) + 1 for line in lines[:at])
    end = start + sum(len(line) + 1 for line in lines[at : at + size]) - 1
    body = replace.removesuffix("\n")
    if not body and at + size < len(lines):
        # Nothing in place of whole lines: their line break goes as well.
        return Match(start, end + 1, "", ())
    return Match(start, end, body, ())


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _ambiguous(found: list[Match], text: str) -> str:
    lines = [text.count("\n", 0, match.start) + 1 for match in found[:8]]
    places = ", ".join(map(str, lines))
    more = "" if len(found) <= 8 else " and more"
    count = f"{MANY} or more" if len(found) >= MANY else str(len(found))
    shown = listing(text, lines[:3], around=2)
    return (
        f"the text stands {count} times (lines {places}{more}); send the block again with "
        f"enough neighbouring lines that it stands once. The places:\n{shown}"
    )


def _no_match(search: str, replace: str, text: str) -> str:
    if (
        replace.strip()
        and _lines(replace)
        and _places(
            [line.strip() for line in _lines(replace)], [line.strip() for line in text.split("\n")]
        )
    ):
        return (
            "the text is not in the file, but its replacement stands there already; "
            "leave this block out if nothing is left to change"
        )
    return (
        "the text is not in the file; send the block again with the lines exactly as they stand. "
        f"{nearest(search, text)}"
    )

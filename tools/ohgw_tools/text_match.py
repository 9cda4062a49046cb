"""TextMatch: where a quoted text stands in a file, slips that leave no doubt repaired.

Each rung of the ladder is a weaker notion of `the same text`. The first rung on which the text is
found decides: once is a match, more than once is refused. No rung looks at likeness: a text of
which a word has drifted is not found, and the refusal shows the nearest real lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ohgw_tools.nearest_lines import listing, nearest
from ohgw_tools.refusal import refused
from ohgw_tools.slip import REWRITES, Pair


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
    for rewrite in REWRITES:
        pair = rewrite.apply(Pair(search, replace), text)
        if pair is None or not pair.search.strip():
            continue
        for mode, found in _modes(pair, text):
            if len(found) > 1:
                lines = [text.count("\n", 0, m.start) + 1 for m in found]
                raise refused("ambiguous", _ambiguous(lines, text))
            if found:
                notes = tuple(note for note in (rewrite.note, mode) if note)
                return found[0]._replace(notes=notes)
    raise refused("no-match", _no_match(search, replace, text))


def _modes(pair: Pair, text: str) -> Iterator[tuple[str, list[Match]]]:
    yield "", _exact(pair, text)
    lines = text.split("\n")
    yield "trailing blanks ignored", _by_lines(pair, lines, text, str.rstrip)
    yield "indentation shifted to the file's", _shifted(pair, lines, text)


def _exact(pair: Pair, text: str) -> list[Match]:
    """Places of the very text. Whole lines if it ends in a line break, else whole words."""
    search, replace = pair
    whole = search.endswith("\n")
    if whole and replace and not replace.endswith("\n"):
        replace = f"{replace}\n"
    found = []
    haystack = text if text.endswith("\n") or not whole else f"{text}\n"
    start = haystack.find(search)
    while start >= 0:
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


def _by_lines(pair: Pair, lines: list[str], text: str, form: object) -> list[Match]:
    """Places where the lines are the same once trailing blanks are gone."""
    wanted = [line.rstrip() for line in _lines(pair.search)]
    stripped = [line.rstrip() for line in lines]
    return [
        _line_match(at, len(wanted), pair.replace, lines, text) for at in _places(wanted, stripped)
    ]


def _shifted(pair: Pair, lines: list[str], text: str) -> list[Match]:
    """Places where every line is indented by the same blanks more, or less, than the quoted one."""
    quoted = _lines(pair.search)
    bare = [line.strip() for line in quoted]
    stripped = [line.strip() for line in lines]
    found = []
    for at in _places(bare, stripped):
        shift = _shift(quoted, lines[at : at + len(quoted)])
        if shift is None:
            continue
        moved = _moved(pair.replace, *shift)
        if moved is not None:
            found.append(_line_match(at, len(quoted), moved, lines, text))
    return found


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
    first, size = wanted[0], len(wanted)
    return [
        at
        for at in range(len(lines) - size + 1)
        if lines[at] == first and lines[at : at + size] == wanted
    ]


def _line_match(at: int, size: int, replace: str, lines: list[str], text: str) -> Match:
    start = sum(len(line) + 1 for line in lines[:at])
    end = start + sum(len(line) + 1 for line in lines[at : at + size]) - 1
    body = replace.removesuffix("\n")
    if not body and end < len(text):
        # Nothing in place of whole lines: their line break goes as well.
        return Match(start, end + 1, "", ())
    return Match(start, end, body, ())


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _ambiguous(lines: list[int], text: str) -> str:
    places = ", ".join(str(n) for n in lines[:8])
    more = "" if len(lines) <= 8 else f" and {len(lines) - 8} more"
    shown = listing(text, lines[:3], around=2)
    return (
        f"the text stands {len(lines)} times (lines {places}{more}); send the block again with "
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

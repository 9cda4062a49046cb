"""Slip: what chat models do to a text that they quote, and its undoing, one kind a rewrite."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple


class Pair(NamedTuple):
    """The text to be replaced and what is to stand there."""

    search: str
    replace: str


class Rewrite(NamedTuple):
    """One kind of slip. `undo` returns None where the slip was not made; it sees the file too."""

    note: str
    undo: Callable[[Pair, str], Pair | None]

    def apply(self, pair: Pair, text: str) -> Pair | None:
        """Return the pair without the slip, or None if it was not made."""
        undone = self.undo(pair, text)
        return undone if undone != pair or not self.note else None


_FENCE_OPEN = re.compile(r"\s*(`{3,}|~{3,})[\w+.-]*\s*")
_NUMBERED = re.compile(r"\s*(?:L(?:ine)?\s*)?(\d+)\s?(?:[|:│→]|\t)(?: (?=\S|$)| (?= ))?(.*)$")
_TYPOGRAPHY = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "\u00a0": " ", "\u202f": " ", "–": "-", "\u2212": "-"}
)
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_UNICODE_ESCAPE = re.compile(r"\\u00(3c|3e|26|27|22)", re.IGNORECASE)


def _same(pair: Pair, text: str) -> Pair:
    return pair


def _outer_blank_lines(pair: Pair, text: str) -> Pair:
    search, replace = pair
    start = len(search) - len(search.lstrip("\n"))
    end = len(search.rstrip("\n"))
    head, tail = search[:start], search[end:]
    if replace.startswith(head):
        replace = replace[len(head) :]
    if tail and replace.endswith(tail):
        replace = replace[: len(replace) - len(tail)] + "\n"
    return Pair(search[start:end] + "\n", replace)


def _fence(pair: Pair, text: str) -> Pair | None:
    search = without_fence(pair.search)
    return None if search is None else Pair(search, without_fence(pair.replace) or pair.replace)


def without_fence(text: str) -> str | None:
    """Return what a code fence around the whole text holds, or None if there is no fence."""
    lines = text.strip("\n").split("\n")
    opening = _FENCE_OPEN.fullmatch(lines[0])
    if len(lines) < 2 or not opening or lines[-1].strip() != opening.group(1):
        return None
    return "\n".join(lines[1:-1]) + "\n"


def _line_numbers(pair: Pair, text: str) -> Pair | None:
    search = _unnumbered(pair.search)
    if search is None:
        return None
    return Pair(search, _unnumbered(pair.replace) or pair.replace)


def _unnumbered(text: str) -> str | None:
    """Take rising line numbers off, if every line has one."""
    body = text.removesuffix("\n")
    matches = [_NUMBERED.match(line) for line in body.split("\n")]
    found = [m for m in matches if m]
    if len(found) < len(matches):
        return None
    numbers = [int(m.group(1)) for m in found]
    if any(b <= a for a, b in pairwise(numbers)):
        return None
    return "\n".join(m.group(2) for m in found) + text[len(body) :]


def _html(pair: Pair, text: str) -> Pair:
    return Pair(*map(_unescaped, pair))


def _unescaped(text: str) -> str:
    plain = _UNICODE_ESCAPE.sub(lambda m: chr(int(m.group(1), 16)), text)
    return (
        html.unescape(plain)
        if re.search(r"&(?:lt|gt|amp|quot|apos|#3[49]|#x2[27]);", plain)
        else plain
    )


def _json_string(pair: Pair, text: str) -> Pair | None:
    r"""Undo `\n`, `\"` of code that was written as a JSON string, on one line."""
    search, replace = pair
    if "\\n" not in search or "\n" in search.strip("\n"):
        return None
    return Pair(
        _from_json(search), _from_json(replace) if "\n" not in replace.strip("\n") else replace
    )


def _from_json(text: str) -> str:
    table = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "'": "'"}
    return re.sub(r"\\([nt\"'\\])", lambda m: table[m.group(1)], text)


def _typography(pair: Pair, text: str) -> Pair:
    return Pair(*(part.translate(_TYPOGRAPHY).translate(_INVISIBLE) for part in pair))


def _diff_marks(pair: Pair, text: str) -> Pair | None:
    """Undo `-` before every old line and `+` before every new one."""
    old, new = (part.removesuffix("\n").split("\n") for part in pair)
    if not all(line.startswith("-") for line in old) or not all(x.startswith("+") for x in new):
        return None
    return Pair(*("\n".join(x[1:] for x in lines) + "\n" for lines in (old, new)))


def _tabs(pair: Pair, text: str) -> Pair | None:
    """Read tabs in the indentation as four blanks each, where the file has no tabs, or back."""
    if "\t" not in pair.search and "\t" not in text:
        return None
    if "\t" in text:
        return Pair(*(re.sub(r"(?m)^(?: {4})+", _as_tabs, part) for part in pair))
    return Pair(*(re.sub(r"(?m)^[ \t]+", lambda m: m.group().expandtabs(4), x) for x in pair))


def _as_tabs(match: re.Match[str]) -> str:
    return "\t" * (len(match.group()) // 4)


REWRITES = (
    Rewrite("", _same),
    Rewrite("blank lines around the block ignored", _outer_blank_lines),
    Rewrite("code fence removed", _fence),
    Rewrite("line numbers removed", _line_numbers),
    Rewrite("HTML escapes undone", _html),
    Rewrite("JSON escapes undone", _json_string),
    Rewrite("diff marks removed", _diff_marks),
    Rewrite("typographic quotes and blanks made plain", _typography),
    Rewrite("tabs and blanks matched to the file", _tabs),
)

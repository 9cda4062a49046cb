"""NearestLines: the real lines of a file that a text which is not there comes closest to."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher

MAX_SHOWN = 12
MAX_WIDTH = 160
MAX_QUOTED = 30
_CANDIDATES = 40


def nearest(wanted: str, text: str) -> str:
    """Return a sentence with the closest lines of `text`, numbered, or that nothing is close."""
    lines = text.split("\n")
    quoted = [line for line in wanted.strip("\n").split("\n") if line.strip()][:MAX_QUOTED]
    if not quoted or not text.strip():
        return "The file is empty." if not text.strip() else ""
    start, score = _best_window(quoted, lines)
    if score < 0.4:
        return f"Nothing in the file is close to it; the file has {len(lines)} lines."
    last = min(start + max(len(quoted), 1) + 1, start + MAX_SHOWN, len(lines))
    shown = "\n".join(numbered(lines, n) for n in range(max(start, 1), last + 1))
    return f"The nearest lines are:\n{shown}{_first_difference(quoted, lines, start)}"


def listing(text: str, numbers: list[int], around: int) -> str:
    """Return the lines of these numbers (from 1) with their neighbours, `...` between groups."""
    lines = text.split("\n")
    groups = []
    for number in numbers:
        near = range(max(1, number - around), min(len(lines), number + around) + 1)
        groups.append("\n".join(numbered(lines, n) for n in near))
    return "\n  --\n".join(groups)


def numbered(lines: list[str], number: int) -> str:
    """Return one line as `  12| text`, cut at a readable width."""
    line = lines[number - 1].rstrip()
    return f"{number:>5}| {line if len(line) <= MAX_WIDTH else line[:MAX_WIDTH] + ' (cut)'}"


def _best_window(quoted: list[str], lines: list[str]) -> tuple[int, float]:
    """Return where (line from 1) and how alike (0 to 1) the likeliest window begins."""
    wanted = [line.strip()[:MAX_WIDTH] for line in quoted]
    stripped = [line.strip()[:MAX_WIDTH] for line in lines]
    votes: Counter[int] = Counter()
    for offset, line in enumerate(wanted):
        for at in _alike(line, stripped):
            votes[max(0, at - offset)] += 1
    best, best_score = 1, 0.0
    for at, _ in votes.most_common(_CANDIDATES):
        window = [line for line in stripped[at : at + len(wanted) + 3] if line][: len(wanted)]
        score = SequenceMatcher(None, "\n".join(wanted), "\n".join(window), autojunk=False).ratio()
        if score > best_score:
            best, best_score = at + 1, score
    return best, best_score


def _alike(line: str, stripped: list[str]) -> list[int]:
    """Lines that are equal to `line`, or, if none is, that share most of its words."""
    same = [at for at, other in enumerate(stripped) if other == line]
    if same or not line:
        return same[:_CANDIDATES]
    words = set(line.split())
    scored = ((len(words & set(other.split())), -at) for at, other in enumerate(stripped) if other)
    best = sorted((s for s in scored if s[0]), reverse=True)[:8]
    if best:
        return [-at for _, at in best]
    return [at for at, other in enumerate(stripped) if line in other or (other and other in line)][
        :8
    ]


def _first_difference(quoted: list[str], lines: list[str], start: int) -> str:
    real = [line for line in lines[start - 1 :] if line.strip()]
    for mine, theirs in zip(quoted, real, strict=False):
        if mine.strip() != theirs.strip():
            sent, stands = mine.strip()[:MAX_WIDTH], theirs.strip()[:MAX_WIDTH]
            return f"\nFirst difference: sent {sent!r}, but there stands {stands!r}."
    return ""

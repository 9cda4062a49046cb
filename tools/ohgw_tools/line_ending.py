"""LineEnding: edit text as if every line ended in LF, and give back each line's own ending."""

from __future__ import annotations

from difflib import SequenceMatcher


def to_lf(text: str) -> str:
    """Return `text` with every CRLF as LF."""
    return text.replace("\r\n", "\n")


def restored(before: str, after: str) -> str:
    """Return `after` (LF) with the line endings of `before`: lines that stayed keep their own, new
    ones take the one that most lines of `before` have.
    """
    crlf = before.count("\r\n")
    if crlf == 0:
        return after
    if crlf == before.count("\n"):
        return after.replace("\n", "\r\n")
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    usual = "\r\n" if crlf * 2 > before.count("\n") else "\n"
    endings = [usual] * len(new)
    matcher = SequenceMatcher(None, [to_lf(line) for line in old], new, autojunk=False)
    for old_start, new_start, size in matcher.get_matching_blocks():
        for offset in range(size):
            is_crlf = old[old_start + offset].endswith("\r\n")
            endings[new_start + offset] = "\r\n" if is_crlf else "\n"
    pairs = zip(new, endings, strict=True)
    return "".join(line[:-1] + e if line.endswith("\n") else line for line, e in pairs)

"""LineEnding: edit text as if every line ended in LF, and give back each line's own ending."""

from __future__ import annotations

from ohgw_tools.source.line_diff import spans


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
    old, new = _split(before), _split(after)
    usual = "\r\n" if crlf * 2 > before.count("\n") else "\n"
    endings = [usual] * len(new)
    for span in spans([to_lf(line) for line in old], new):
        for offset in range(span.old_end - span.old_start) if span.same else ():
            is_crlf = old[span.old_start + offset].endswith("\r\n")
            endings[span.new_start + offset] = "\r\n" if is_crlf else "\n"
    pairs = zip(new, endings, strict=True)
    return "".join(line[:-1] + e if line.endswith("\n") else line for line, e in pairs)


def _split(text: str) -> list[str]:
    """Lines with their ends; only LF ends one, unlike `splitlines`, which also takes form feeds."""
    lines = text.split("\n")
    return [*(f"{line}\n" for line in lines[:-1]), *([lines[-1]] if lines[-1] else [])]

"""SourceText: the lines of one file, and the way between offsets, lines and columns."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

from ohgw_tools.finding import Region

# What Python and YAML 1.1 call a line end; str.splitlines knows eight more, which they do not.
_LINE_END = re.compile(r"\r\n|\r|\n")


class SourceText:
    """One file's text by line. Lines and columns count from 1, columns in code points."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends; at least one."""
        return _LINE_END.split(self.text)

    @cached_property
    def stripped_lines(self) -> frozenset[str]:
        """The set of lines without the blanks around them."""
        return frozenset(line.strip() for line in self.lines)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def line(self, number: int) -> str:
        """Return line `number`, or an empty string where there is none."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column of an offset in code points."""
        index = bisect_right(self._starts, offset) - 1
        return index + 1, offset - self._starts[index] + 1

    def column(self, line: int, utf8_offset: int) -> int:
        """Return the column of a UTF-8 offset within a line, as `ast` counts them."""
        text = self.line(line)
        if text.isascii():
            return min(utf8_offset, len(text)) + 1
        return len(text.encode("utf-8", "replace")[:utf8_offset].decode("utf-8", "ignore")) + 1

    def line_region(self, number: int, column: int = 0) -> Region:
        """Return the region of a line's text, from its first character that is not blank (or from
        `column`) to its end.
        """
        text = self.line(number)
        start = column or len(text) - len(text.lstrip()) + 1
        end = max(len(text.rstrip()) + 1, start)
        return Region(start_line=number, start_column=start, end_line=number, end_column=end)

    def span(self, start: int, end: int) -> Region:
        """Return the region between two offsets in code points."""
        line, column = self.position(start)
        end_line, end_column = self.position(end)
        return Region(
            start_line=line, start_column=column, end_line=end_line, end_column=end_column
        )

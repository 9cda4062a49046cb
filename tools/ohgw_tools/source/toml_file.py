"""TomlFile: one TOML text, read with the standard library, with the lines of its keys."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeVar, cast

from ohgw_tools.finding import Region
from ohgw_tools.source.python_file import Comment
from ohgw_tools.source.source_text import SourceText

MAX_CHARACTERS = 1 << 18
T = TypeVar("T")
_LINE = re.compile(r"line (\d+), column (\d+)")
_HEADER = re.compile(r"[ \t]*\[\[?[ \t]*([^\]#]+?)[ \t]*\]\]?[ \t]*(?:#.*)?$")
_KEY = re.compile(r"[ \t]*([A-Za-z0-9_.\"'-]+)[ \t]*=")
_COMMENT = re.compile(r"\"[^\"\\]*(?:\\.[^\"\\]*)*\"?|'[^']*'?|(?P<comment>#.*)")


class TomlFault(NamedTuple):
    """Why a text is not TOML."""

    line: int
    column: int
    message: str


class TomlFile:
    """One TOML text. `data` is an empty table where it does not parse; then `fault` says why."""

    def __init__(self, text: str) -> None:
        self.source = SourceText(text)
        self.text = text
        self.data: dict[str, Any] = {}
        self.fault: TomlFault | None = None
        self.too_large = ""
        self._derived: dict[Callable[[TomlFile], Any], Any] = {}
        if len(text) > MAX_CHARACTERS:
            self.too_large = f"{len(text)} characters; the judge reads {MAX_CHARACTERS}"
            return
        try:
            self.data = tomllib.loads(text)
        except RecursionError:
            self.too_large = "nested deeper than the TOML parser reads"
        except ValueError as error:  # TOMLDecodeError, and numbers that Python refuses
            self.fault = _fault(str(error), len(self.lines))

    @property
    def lines(self) -> list[str]:
        """The lines of the text, without their ends."""
        return self.source.lines

    @property
    def error(self) -> str:
        """Why there is no data, in one line; empty where there is."""
        return self.fault.message if self.fault else self.too_large

    @cached_property
    def comments(self) -> tuple[Comment, ...]:
        """The comments in order; a `#` in a one-line string is none."""
        found = []
        for number, line in enumerate(self.lines, 1):
            for match in _COMMENT.finditer(line):
                if match["comment"] is not None:
                    found.append(Comment(number, match.start() + 1, match["comment"]))
        return tuple(found)

    def derive(self, analysis: Callable[[TomlFile], T]) -> T:
        """Return `analysis(self)`, computed at most once for this content."""
        if analysis not in self._derived:
            self._derived[analysis] = analysis(self)
        return cast(T, self._derived[analysis])

    def region(self, key: Sequence[str | int]) -> Region:
        """Return the line that a key stands on, or its nearest parent's; the first line if none."""
        wanted = [str(part) for part in key]
        while wanted:
            line = self._key_lines.get(".".join(wanted))
            if line:
                return self.source.line_region(line)
            wanted.pop()
        return self.source.line_region(1)

    @cached_property
    def _key_lines(self) -> dict[str, int]:
        table = ""
        found: dict[str, int] = {}
        for number, line in enumerate(self.lines, 1):
            if header := _HEADER.match(line):
                table = _plain(header[1])
                found.setdefault(table, number)
            elif key := _KEY.match(line):
                found.setdefault(f"{table}.{_plain(key[1])}".lstrip("."), number)
        return found


def _plain(name: str) -> str:
    return name.replace('"', "").replace("'", "").replace(" ", "")


def _fault(message: str, last: int) -> TomlFault:
    match = _LINE.search(message)
    line, column = (int(match[1]), int(match[2])) if match else (last, 1)
    return TomlFault(line, column, message.split(" (at ")[0])

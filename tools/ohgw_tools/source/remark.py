"""Remark: a comment, docstring or error message, as a text that wording can be looked for in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Literal, NamedTuple

from ohgw_tools.finding import Region
from ohgw_tools.source.placeholder import docstrings
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.source.source_text import SourceText
from ohgw_tools.source.toml_file import TomlFile
from ohgw_tools.source.wording import Match
from ohgw_tools.source.yaml_file import YamlFile

File = PythonFile | YamlFile | TomlFile


class Remark(NamedTuple):
    """A text about code, and the line and column that it starts at."""

    form: Literal["comment", "docstring", "message"]
    text: str
    line: int
    column: int

    def region(self, source: SourceText, match: Match) -> Region:
        """Return the line at which a match within the text ends, where the words stand."""
        before = self.text[: match.end]
        line = self.line + before.count("\n")
        if self.form == "comment":
            return Region(
                start_line=line,
                start_column=self.column + match.start,
                end_line=line,
                end_column=self.column + match.end,
            )
        return source.line_region(min(line, len(source.lines)))


def remarks(file: File) -> Iterator[Remark]:
    """Yield the comments of a file and, in Python, its docstrings."""
    for comment in file.comments:
        yield Remark("comment", comment.text, comment.line, comment.column)
    if isinstance(file, PythonFile):
        for text in docstrings(file):
            yield Remark("docstring", str(text.value), text.lineno, text.col_offset + 1)


def messages(file: File) -> Iterator[Remark]:
    """Yield the strings of a Python file that are raised, with f-strings' fixed parts joined."""
    if not isinstance(file, PythonFile):
        return
    for node in file.nodes(ast.Raise):
        if isinstance(node.exc, ast.Call):
            for argument in node.exc.args:
                text = _fixed(argument)
                if text:
                    yield Remark("message", text, argument.lineno, argument.col_offset + 1)


def _fixed(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_fixed(part) or "_" for part in node.values)
    return ""

"""PythonFile: one Python source, parsed once, with the indexes that rules share."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, NamedTuple, TypeVar, cast

from ohgw_tools.finding import Region
from ohgw_tools.source.descent import SHARED, child_fields
from ohgw_tools.source.python_parse import parse_python
from ohgw_tools.source.source_text import SourceText

MAX_DEPTH = 150
MAX_CHARACTERS = 1 << 20
T = TypeVar("T")
Node = TypeVar("Node", bound=ast.AST)
Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

# Strings before comments, so that a `#` in a string is no comment. Every branch is linear: an open
# string ends at the end of its line or text instead of failing and being tried again.
_TOKENS = re.compile(
    r"(?P<comment>\#[^\r\n]*)"
    r'|"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*(?:"""|\Z)'
    r"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*(?:'''|\Z)"
    r'|"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"?'
    r"|'[^'\\\r\n]*(?:\\.[^'\\\r\n]*)*'?",
    re.DOTALL,
)


class Comment(NamedTuple):
    """A comment with its `#`; line and column count from 1, columns in code points."""

    line: int
    column: int
    text: str


class SyntaxFault(NamedTuple):
    """Why a file cannot be parsed. `at_end` tells a file that stops too early from a wrong one."""

    line: int
    column: int
    message: str
    at_end: bool


class PythonFile:
    """One Python source. `tree` is None where it does not parse; then `fault` says why.

    `too_large` is set instead when the file is past what can be judged (characters, nesting): that
    says nothing about the file's quality, and makes the verdict undecided. Knows no path: files of
    equal content share one PythonFile.
    """

    def __init__(self, text: str) -> None:
        self.source = SourceText(text)
        self.text = text
        self.tree: ast.Module | None = None
        self.fault: SyntaxFault | None = None
        self.too_large = ""
        self._derived: dict[Callable[[PythonFile], Any], Any] = {}
        self._parents: dict[ast.AST, ast.AST] = {}
        self._by_type: dict[type[ast.AST], list[ast.AST]] = {}
        self._parse()

    @property
    def lines(self) -> list[str]:
        """The lines of the text, without their ends."""
        return self.source.lines

    @property
    def error(self) -> str:
        """Why there is no tree, in one line; empty where there is one."""
        return self.fault.message if self.fault else self.too_large

    @cached_property
    def comments(self) -> tuple[Comment, ...]:
        """The comments in order, found without a parse, so that broken files have them too."""
        if "#" not in self.text:
            return ()
        found = []
        for match in _TOKENS.finditer(self.text):
            if match["comment"] is not None:
                line, column = self.source.position(match.start())
                found.append(Comment(line, column, match["comment"]))
        return tuple(found)

    def nodes(self, *types: type[Node]) -> Iterator[Node]:
        """Yield the nodes of exactly these types, type by type, in breadth-first order each."""
        for kind in types:
            yield from cast(list[Node], self._by_type.get(kind, ()))

    @property
    def definitions(self) -> Iterator[Definition]:
        """Functions and classes, at any depth."""
        return self.nodes(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

    @property
    def functions(self) -> Iterator[Function]:
        """Functions and methods, at any depth."""
        return self.nodes(ast.FunctionDef, ast.AsyncFunctionDef)

    def parent(self, node: ast.AST) -> ast.AST | None:
        """Return the node that holds `node`; None for the module."""
        return self._parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around `node`, innermost first."""
        while (above := self._parents.get(node)) is not None:
            yield above
            node = above

    def qualified_name(self, node: Definition) -> str:
        """Return the dotted name of a definition, without the module's."""
        names = [node.name]
        names += [a.name for a in self.ancestors(node) if isinstance(a, Definition)]
        return ".".join(reversed(names))

    @cached_property
    def sizes(self) -> dict[ast.AST, int]:
        """How many statements and expressions each node's subtree holds, the node included."""
        counts: dict[ast.AST, int] = {}
        # Parents come before their children in the table, so from its end every count is complete.
        for node in reversed(self._parents):
            counts[node] = counts.get(node, 0) + isinstance(node, ast.stmt | ast.expr)
            above = self._parents[node]
            counts[above] = counts.get(above, 0) + counts[node]
        return counts

    def region(self, node: ast.AST) -> Region:
        """Return where a node stands; a definition's region is its header's first line."""
        line = getattr(node, "lineno", 1)
        column = self.source.column(line, getattr(node, "col_offset", 0))
        if isinstance(node, Definition):
            return self.source.line_region(line, column)
        end_line = getattr(node, "end_lineno", None) or line
        end = self.source.column(end_line, getattr(node, "end_col_offset", 0))
        return Region(start_line=line, start_column=column, end_line=end_line, end_column=end)

    def derive(self, analysis: Callable[[PythonFile], T]) -> T:
        """Return `analysis(self)`, computed at most once for this content."""
        if analysis not in self._derived:
            self._derived[analysis] = analysis(self)
        return cast(T, self._derived[analysis])

    def _parse(self) -> None:
        if len(self.text) > MAX_CHARACTERS:
            self.too_large = f"{len(self.text)} characters; the judge reads {MAX_CHARACTERS}"
            return
        try:
            # Python takes a byte order mark at the start of a file, `ast` does not.
            tree = parse_python(self.text.removeprefix("\ufeff"))
        except (RecursionError, MemoryError):  # the parser's own limits on nesting
            self.too_large = "nested deeper than the Python parser reads"
            return
        except SyntaxError as error:
            self.fault = self._fault(error)
            return
        except ValueError as error:  # NUL bytes
            self.fault = SyntaxFault(1, 1, str(error), False)
            return
        if self._index(tree):
            self.tree = tree
        else:
            self.too_large = f"nested deeper than {MAX_DEPTH} levels, which the judge does not read"

    def _index(self, tree: ast.Module) -> bool:
        """Fill the tables of parents and types; False if the tree is too deep for recursion."""
        level: list[ast.AST] = [tree]
        parents, by_type = self._parents, self._by_type
        for _ in range(MAX_DEPTH):
            below: list[ast.AST] = []
            for node in level:
                kind = type(node)
                by_type.setdefault(kind, []).append(node)
                for name in child_fields(kind):
                    value = getattr(node, name, None)
                    children = value if type(value) is list else (value,)
                    for child in children:
                        if isinstance(child, ast.AST) and not isinstance(child, SHARED):
                            parents[child] = node
                            below.append(child)
            if not below:
                return True
            level = below
        self._parents.clear()
        self._by_type.clear()
        return False

    def _fault(self, error: SyntaxError) -> SyntaxFault:
        last = max((i for i, text in enumerate(self.lines, 1) if text.strip()), default=1)
        line = min(max(error.lineno or 1, 1), len(self.lines))
        message = error.msg or "invalid syntax"
        at_end = line >= last or "never closed" in message or "unterminated triple" in message
        column = min(max(error.offset or 1, 1), len(self.lines[line - 1]) + 1)
        return SyntaxFault(line, column, message, at_end)

"""The figures that code saves, by the fixed parts of their file names."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

from ohgw_tools.source.python_file import PythonFile

_ENDINGS = (".pdf", ".png", ".svg", ".jpg")


class Figure(NamedTuple):
    """A figure's file name, `*` standing for what is known at run time only, and its call."""

    name: str
    node: ast.Call

    def may_be(self, other: Figure) -> bool:
        """Whether this name could come out as the other's."""
        fixed = re.sub(r"\*+", "x", other.name)
        pattern = re.escape(self.name).replace(r"\*", ".{0,200}")
        return re.fullmatch(pattern, fixed) is not None


def figures(file: PythonFile | None) -> tuple[Figure, ...]:
    """Return the figures that a file saves under a name of which some part is fixed."""
    return file.derive(_figures) if file else ()


def _figures(file: PythonFile) -> tuple[Figure, ...]:
    found = []
    for call in file.nodes(ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "savefig" and call.args:
            name = _name(call.args[0])
            if name.endswith(_ENDINGS):
                found.append(Figure(name, call))
    return tuple(found)


def _name(node: ast.expr) -> str:
    """The last part of a path expression, with `*` for its variable parts."""
    match node:
        case ast.BinOp(op=ast.Div(), right=right):
            return _name(right)
        case ast.Call(args=[*_, last]):
            return _name(last)
        case ast.Constant(value=str(text)):
            return text.rsplit("/", 1)[-1][:200]
        case ast.JoinedStr(values=values):
            parts = (v.value if isinstance(v, ast.Constant) else "*" for v in values)
            return "".join(map(str, parts)).rsplit("/", 1)[-1][:200]
    return ""

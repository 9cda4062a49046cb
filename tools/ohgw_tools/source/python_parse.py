"""PythonParse: Python source to a syntax tree, one thread at a time."""

from __future__ import annotations

import ast
from threading import Lock

_ONE_AT_A_TIME = Lock()


def parse_python(source: str) -> ast.Module:
    """Parse a module. Raises what `ast.parse` raises.

    CPython 3.11 and 3.12 count the depth of trees in one place for all threads and raise
    SystemError ("AST constructor recursion depth mismatch") when two threads parse at once.
    """
    with _ONE_AT_A_TIME:
        return ast.parse(source)

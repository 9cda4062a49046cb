"""The command line flags that a program declares with argparse, click or typer."""

from __future__ import annotations

import ast
from typing import NamedTuple

from ohgw_tools.source.python_file import PythonFile


class Flag(NamedTuple):
    """One argument: its names as written, and whether it must be given."""

    names: tuple[str, ...]
    required: bool
    node: ast.Call


def flags(file: PythonFile) -> tuple[Flag, ...]:
    """Return the arguments of every `add_argument` call whose names are literal."""
    return file.derive(_flags)


def takes_unknown(file: PythonFile) -> bool:
    """Whether the program accepts arguments that it does not declare, or declares some by means
    that cannot be read here.
    """
    return file.derive(_takes_unknown)


def _flags(file: PythonFile) -> tuple[Flag, ...]:
    found = []
    for call in file.nodes(ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument":
            names = tuple(
                a.value
                for a in call.args
                if isinstance(a, ast.Constant) and isinstance(a.value, str)
            )
            if names:
                found.append(Flag(names, _is_required(call), call))
    return tuple(found)


def _is_required(call: ast.Call) -> bool:
    return any(
        k.arg == "required" and isinstance(k.value, ast.Constant) and k.value.value is True
        for k in call.keywords
    )


def _takes_unknown(file: PythonFile) -> bool:
    for node in file.nodes(ast.Attribute):
        if node.attr in ("parse_known_args", "parse_known_intermixed_args", "add_subparsers"):
            return True
    return any(
        isinstance(call.func, ast.Attribute)
        and call.func.attr == "add_argument"
        and (not call.args or not all(isinstance(a, ast.Constant) for a in call.args))
        for call in file.nodes(ast.Call)
    )

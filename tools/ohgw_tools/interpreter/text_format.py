"""Text formats: whether `%` and `str.format` are given as much as the text asks for.

The rules are those of the Python documentation: printf-style String Formatting (stdtypes) and
Format String Syntax (string). What is not known may be of any number: then nothing is said.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.values import UNKNOWN_TEXT, Value, type_name

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

_CONVERSION = re.compile(
    r"%(?P<key>\([^()]*\))?[#0 +-]*(?P<width>\*|\d*)(?:\.(?P<precision>\*|\d*))?[hlL]?(?P<kind>.)",
    re.DOTALL,
)
_KINDS = frozenset("diouxXeEfFgGcrsa")
_NUMBERS = frozenset("diueEfFgG")
_LONGEST = 2000
_MOST_DIGITS = 18  # of an index; Python refuses one that is past 2**63
_PLAIN = (int, float, str, bytes, type(None))


def percent(process: Process, text: str, value: Value, node: ast.AST) -> Value:
    """Return what `text % value` gives; raises the TypeError of too few or too many values."""
    kinds = _conversions(text)
    given = value if isinstance(value, tuple) else (value,)
    if kinds is None or not (isinstance(value, (tuple, *_PLAIN))):
        return UNKNOWN_TEXT
    message = ""
    if len(given) < len(kinds):
        message = "not enough arguments for format string"
    elif len(given) > len(kinds):
        message = "not all arguments converted during string formatting"
    for kind, each in zip(kinds, given, strict=False):
        if kind in _NUMBERS and (each is None or isinstance(each, str)):
            message = f"%{kind} format: a number is required, not {type_name(each)}"
            break
    if message:
        raise process.error("TypeError", f"{message}: {ast.unparse(node)[:100]}", node)
    return UNKNOWN_TEXT


def _conversions(text: str) -> list[str] | None:
    """Return the conversion types of a text, None where names or stars make them depend on more."""
    if len(text) > _LONGEST:
        return None
    kinds = []
    place = text.find("%")
    while place >= 0:
        found = _CONVERSION.match(text, place)
        if found is None:
            return None
        if found["kind"] != "%":
            starred = "*" in (found["width"], found["precision"])
            if found["key"] is not None or starred or found["kind"] not in _KINDS:
                return None
            kinds.append(found["kind"])
        place = text.find("%", found.end())
    return kinds


def check_fields(process: Process, text: str, count: int, names: set[str], node: ast.AST) -> None:
    """Raise what `text.format` raises if it is given `count` values by place and these by name."""
    if len(text) > _LONGEST:
        return
    try:
        for field in _numbered(_fields(text)):
            if isinstance(field, int) and field >= count:
                message = f"Replacement index {field} out of range for positional args tuple"
                raise process.error("IndexError", message, node)
            if isinstance(field, str) and field not in names:
                raise process.error("KeyError", repr(field), node)
    except ValueError as error:
        raise process.error("ValueError", str(error), node) from error


def _numbered(fields: Iterator[str]) -> Iterator[int | str]:
    """Yield the place or the name that each field takes its value from. Raises ValueError."""
    automatic, manual = 0, False
    for field in fields:
        automatic += not field
        manual = manual or field.isdecimal()
        if automatic and manual:
            raise ValueError("a format has fields with and without numbers")
        if len(field) > _MOST_DIGITS and field.isdecimal():
            raise ValueError("Too many decimal digits in format string")
        if not field:
            yield automatic - 1
        else:
            yield int(field) if field.isdecimal() else field


def _fields(text: str, depth: int = 2) -> Iterator[str]:
    """Yield the first part of each replacement field's name, in the order that they are filled."""
    for _, name, spec, _ in string.Formatter().parse(str(text)):
        if name is None:
            continue
        yield re.split(r"[.\[]", name, maxsplit=1)[0]
        if spec and depth > 1:
            yield from _fields(spec, depth - 1)

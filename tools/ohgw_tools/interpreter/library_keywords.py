"""Keyword arguments that library functions take, as data: one that none takes is a TypeError."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.library_facts import canonical

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

LIBRARIES = ("torch.", "transformers.", "sklearn.", "xgboost.")


@cache
def _keywords() -> dict[str, list[str]]:
    import yaml

    text = (Path(__file__).parent / "keywords.yaml").read_text(encoding="utf-8")
    table = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    assert isinstance(table, dict)
    return table


def has_keywords(name: str) -> bool:
    """Whether it is known which keywords a library function takes."""
    return name.startswith(LIBRARIES) and canonical(name) in _keywords()


def check_keywords(process: Process, name: str, given: Iterable[str], node: ast.AST) -> None:
    """Raise the TypeError of a known library function that is given a keyword it never took."""
    if not name.startswith(LIBRARIES):
        return
    known = _keywords().get(canonical(name))
    if known is None:
        return
    for keyword in given:
        if keyword not in known:
            near = get_close_matches(keyword, known, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            last = name.rpartition(".")[2]
            what = f"{last}.__init__()" if last[:1].isupper() else f"{last}()"
            message = f"{what} got an unexpected keyword argument {keyword!r}{hint}"
            raise process.error("TypeError", message, node)

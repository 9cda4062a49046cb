"""Mention: where else in a bundle the words of a finding stand."""

from __future__ import annotations

import ast
import re

from ohgw_tools.finding import Region
from ohgw_tools.source.python_parse import parse_python
from ohgw_tools.tree import Tree

Place = tuple[str, Region | None]

WORDS = 12
COMMON = 12
PER_FILE = 2
FILES = 4
SMALL = 4000
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{3,}")
_IMPORTED = re.compile(r"^[ \t]*from[ \t]+\.*(\w[\w.]*)[ \t]+import\b", re.MULTILINE)
_SEPARATE = r"(?<![\w-]){}(?![\w-])"


def mentions(text: str, tree: Tree, without: str | None = None) -> list[Place]:
    """Return at most two places in each of the files that hold most of the text's words; words
    that stand everywhere say nothing and are left out.
    """
    lines = [(p, n, line) for p, t in tree.items() for n, line in enumerate(t.splitlines(), 1)]
    hits: dict[str, list[int]] = {}
    for word in sorted(set(_WORD.findall(text)))[:WORDS]:
        pattern = re.compile(_SEPARATE.format(re.escape(word)))
        found = [(p, n) for p, n, line in lines if p != without and pattern.search(line)]
        if len(found) <= COMMON:
            for path, number in found:
                hits.setdefault(path, []).append(number)
    best = sorted(hits, key=lambda path: (-len(hits[path]), path))[:FILES]
    return [(p, _line(n)) for p in best for n in sorted(set(hits[p]))[:PER_FILE]]


def counterpart(path: str, tree: Tree) -> list[Place]:
    """Return the function in another file that writes most of the keys that this one has: where
    one file reads a key that is not there, the other most likely should have written it.
    """
    own = _keys(_parsed(tree.get(path, "")), read=True)
    best: tuple[int, Place] | None = None
    for other, text in tree.items():
        if other == path or not other.endswith(".py"):
            continue
        for node in ast.walk(_parsed(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                shared = len(own & _keys(node, read=False))
                if shared > (best[0] if best else 0):
                    best = shared, (other, _line(node.body[-1].lineno))
    return [best[1]] if best else []


def neighbours(path: str, tree: Tree) -> list[Place]:
    """Return the small modules of the bundle that a file imports: what it was handed when it
    crashed comes from them.
    """
    found = []
    folder = path.rpartition("/")[0]
    for module in _IMPORTED.findall(tree.get(path, "")):
        place = module.replace(".", "/")
        candidates = (f"{folder}/{place}.py".lstrip("/"), f"{place}.py")
        found += [c for c in candidates if len(tree.get(c, "")) in range(1, SMALL)][:1]
    return [(other, None) for other in sorted(set(found)) if other != path]


def everything(text: str, tree: Tree, room: int) -> list[Place]:
    """Return all Python files that fit in `room` characters, those that hold most of the text's
    words first: for a finding that points nowhere.
    """
    named = [path for path, _ in mentions(text, tree)]
    modules = [p for p in tree if p.endswith(".py")]
    ordered = sorted(modules, key=lambda p: (p not in named, len(tree[p]), p))
    places: list[Place] = []
    for path in ordered:
        room -= len(tree[path])
        if room >= 0:
            places.append((path, None))
    return places


def _parsed(text: str) -> ast.Module:
    try:
        return parse_python(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])


def _keys(tree: ast.AST, *, read: bool) -> set[str]:
    """The strings that are written as keys of dictionaries; with `read` also those read."""
    found: list[ast.expr | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            found.extend(node.keys)
        elif read and isinstance(node, ast.Subscript):
            found.append(node.slice)
    values = (n.value for n in found if isinstance(n, ast.Constant))
    return {v for v in values if isinstance(v, str)}


def _line(number: int) -> Region:
    return Region(start_line=number, end_line=number, end_column=1)

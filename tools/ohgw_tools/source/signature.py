"""Signature: what a function or class of the bundle may be called with."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import NamedTuple

from ohgw_tools.source.class_table import last_name
from ohgw_tools.source.python_file import Function, PythonFile


class Signature(NamedTuple):
    """Parameters by kind, those of `self` or `cls` left out."""

    name: str
    positional: tuple[str, ...]
    required: frozenset[str]
    keyword_only: frozenset[str]
    positional_only: frozenset[str]
    any_positional: bool
    any_keyword: bool

    @staticmethod
    def of(name: str, arguments: ast.arguments, skip: int = 0) -> Signature:
        """Read a signature; `skip` first parameters are bound already."""
        positional = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
        with_default = len(arguments.defaults)
        required = positional[: len(positional) - with_default][skip:]
        pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        required += [a.arg for a, default in pairs if default is None]
        return Signature(
            name,
            tuple(positional[skip:]),
            frozenset(required),
            frozenset(a.arg for a in arguments.kwonlyargs),
            frozenset(a.arg for a in arguments.posonlyargs),
            arguments.vararg is not None,
            arguments.kwarg is not None,
        )

    def refusal(self, call: ast.Call) -> str:
        """Say why Python would refuse the call; empty where it may accept it."""
        named = [k.arg for k in call.keywords if k.arg is not None]
        unpacked = len(named) < len(call.keywords)
        starred = any(isinstance(a, ast.Starred) for a in call.args)
        by_name = (set(self.positional) - self.positional_only) | self.keyword_only
        for name in named:
            if name not in by_name and not self.any_keyword:
                return f"it has no parameter {name!r}"
        if starred:
            return ""
        count = len(call.args)
        if count > len(self.positional) and not self.any_positional:
            return f"it takes {_arguments(len(self.positional))}, and {count} are given"
        given = set(self.positional[:count])
        for name in named:
            if name in given:
                return f"{name!r} is given twice"
        missing = sorted(self.required - given - set(named))
        if missing and not unpacked:
            return f"it is not given {', '.join(missing)}"
        return ""


def _arguments(count: int) -> str:
    if count == 0:
        return "no positional arguments"
    return "1 positional argument" if count == 1 else f"{count} positional arguments"


def signatures(file: PythonFile) -> Mapping[str, Signature]:
    """Return the signatures of a module's top-level functions and classes, as far as they are sure:
    decorated functions and classes with unknown bases are left out.
    """
    return file.derive(_signatures)


def _signatures(file: PythonFile) -> Mapping[str, Signature]:
    body = file.tree.body if file.tree else []
    classes = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
    found: dict[str, Signature] = {}
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.decorator_list:
            found[node.name] = Signature.of(node.name, node.args)
        elif isinstance(node, ast.ClassDef):
            signature = _constructor(node, classes, 0)
            if signature is not None:
                found[node.name] = signature
    return found


def _constructor(
    node: ast.ClassDef, classes: Mapping[str, ast.ClassDef], depth: int
) -> Signature | None:
    methods: dict[str, Function] = {}
    for item in node.body:
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            methods[item.name] = item
    decorators = {last_name(d) for d in node.decorator_list}
    if "__new__" in methods or node.keywords or decorators - {"dataclass"}:
        return None
    if "__init__" in methods:
        return Signature.of(node.name, methods["__init__"].args, 1)
    if "dataclass" in decorators:
        return None if node.bases else _dataclass(node)
    if len(node.bases) == 1 and isinstance(node.bases[0], ast.Name) and depth < 20:
        base = classes.get(node.bases[0].id)
        if base is not None and base is not node:
            inherited = _constructor(base, classes, depth + 1)
            return inherited._replace(name=node.name) if inherited else None
    return None


def _dataclass(node: ast.ClassDef) -> Signature | None:
    names, required = [], []
    for item in node.body:
        if not isinstance(item, ast.AnnAssign) or not isinstance(item.target, ast.Name):
            continue
        annotation = ast.unparse(item.annotation)
        if "ClassVar" in annotation:
            continue
        if "KW_ONLY" in annotation or "InitVar" in annotation:
            return None
        if isinstance(item.value, ast.Call) and "init" in {k.arg for k in item.value.keywords}:
            return None
        names.append(item.target.id)
        if item.value is None or not _has_default(item.value):
            required.append(item.target.id)
    none: frozenset[str] = frozenset()
    return Signature(node.name, tuple(names), frozenset(required), none, none, False, False)


def _has_default(value: ast.expr) -> bool:
    if isinstance(value, ast.Call) and last_name(value.func) == "field":
        return any(k.arg in ("default", "default_factory") for k in value.keywords)
    return True

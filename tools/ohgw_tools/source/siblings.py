"""Siblings: what the modules of a bundle import from each other, and what each one defines."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ohgw_tools.source.python_file import Definition, PythonFile
from ohgw_tools.subject import Subject

_IMPORT_ERRORS = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")


class Exports(NamedTuple):
    """The names that a module binds at its top. `open` where they cannot all be known."""

    names: frozenset[str]
    open: bool


class ImportedName(NamedTuple):
    """One name of one import statement, as far as the bundle's own modules go.

    `module` is the dotted name after `from` or `import`; `path` its file in the bundle, None where
    the bundle has none; `name` what is taken from it (empty for the module itself); `local`
    whether it can only be meant to be one of the bundle's own.
    """

    node: ast.Import | ast.ImportFrom
    module: str
    path: str | None
    name: str
    bound: str
    local: bool


def exports(file: PythonFile) -> Exports:
    """Return what a module defines; open where it does not parse or imports a star."""
    return file.derive(_exports)


def imported_names(subject: Subject, path: str, file: PythonFile) -> Iterator[ImportedName]:
    """Yield every name that a module imports, with the bundle's own modules resolved."""
    roots = {name.split(".")[0] for name in subject.modules}
    for plain in file.nodes(ast.Import):
        for alias in plain.names:
            target = subject.modules.get(alias.name)
            local = alias.name.split(".")[0] in roots
            bound = alias.asname or alias.name
            yield ImportedName(plain, alias.name, target, "", bound, local)
    for node in file.nodes(ast.ImportFrom):
        module = absolute(path, node)
        local = node.level > 0 or module.split(".")[0] in roots
        for alias in node.names:
            bound = alias.asname or alias.name
            below = f"{module}.{alias.name}".lstrip(".")
            if below in subject.modules and not _defines(subject, module, alias.name):
                yield ImportedName(node, below, subject.modules[below], "", bound, True)
            else:
                target = subject.modules.get(module)
                yield ImportedName(node, module, target, alias.name, bound, local)


def absolute(path: str, node: ast.ImportFrom) -> str:
    """Return the dotted name that a `from` import speaks of, relative ones resolved."""
    if not node.level:
        return node.module or ""
    package = path.split("/")[:-1]
    if node.level > 1:
        package = package[: max(len(package) - (node.level - 1), 0)]
    return ".".join([*package, *([node.module] if node.module else [])])


def guarded(file: PythonFile, node: ast.AST) -> bool:
    """Whether an import may fail without harm: in a `try` that catches it, or for type checkers."""
    below = node
    for above in file.ancestors(node):
        if isinstance(above, ast.Try) and below in above.body:
            if any(_catches_import(handler) for handler in above.handlers):
                return True
        elif isinstance(above, ast.With):
            if "suppress" in ast.unparse(above.items[0].context_expr):
                return True
        elif isinstance(above, ast.If) and "TYPE_CHECKING" in ast.unparse(above.test):
            return True
        below = above
    return False


def _catches_import(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(ast.unparse(name).split(".")[-1] in _IMPORT_ERRORS for name in names)


def _defines(subject: Subject, module: str, name: str) -> bool:
    path = subject.modules.get(module)
    file = subject.python(path) if path else None
    return file is not None and name in exports(file).names


def _exports(file: PythonFile) -> Exports:
    if file.tree is None:
        return Exports(frozenset(), True)
    names: set[str] = set()
    star = False
    for node in _top_level(file.tree.body):
        if isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names):
            star = True
        names.update(_bound(node))
    for declared in file.nodes(ast.Global):
        names.update(declared.names)
    dynamic = "__getattr__" in names or any(
        isinstance(call.func, ast.Name) and call.func.id in ("globals", "exec", "setattr")
        for call in file.nodes(ast.Call)
    )
    return Exports(frozenset(names), star or dynamic)


def _top_level(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, those in its ifs, loops, withs and tries included."""
    for node in body:
        yield node
        if isinstance(node, Definition):
            continue
        for field in ("body", "orelse", "finalbody"):
            yield from _top_level(getattr(node, field, ()))
        for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            yield from _top_level(part.body)


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, Definition):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name.split(".")[0]
    else:
        heads = [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]
        for head in heads:
            if isinstance(head, ast.ExceptHandler | ast.match_case):
                continue
            for inner in ast.walk(head):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    yield inner.id

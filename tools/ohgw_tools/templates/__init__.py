"""Code that recipes write into bundles.

Each module here is ordinary, linted, tested Python; `definitions` lifts classes and functions out
of it as text. It is written as experiments are written: no imports from this project, no
third-party packages beyond those that the experiment already has.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from importlib import resources


def definitions(module: str, *names: str) -> str:
    """Return the source of the top-level definitions `names` of template `module`, in the order of
    the template, two blank lines apart.

    Raises KeyError for a name that the template does not define.
    """
    found = _definitions(module)
    missing = [name for name in names if name not in found]
    if missing:
        raise KeyError(f"template {module} has no {', '.join(missing)}")
    return "\n\n\n".join(text for name, text in found.items() if name in names)


def names(module: str) -> tuple[str, ...]:
    """Return the names of the template's top-level classes, functions and constants, in order."""
    return tuple(_definitions(module))


def imports(module: str) -> tuple[str, ...]:
    """Return the template's import statements, one each, without `from __future__`."""
    tree = ast.parse(_source(module))
    found = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    kept = [n for n in found if not (isinstance(n, ast.ImportFrom) and n.module == "__future__")]
    return tuple(ast.unparse(node) for node in kept)


@lru_cache(maxsize=32)
def _definitions(module: str) -> dict[str, str]:
    text = _source(module)
    lines = text.splitlines()
    found: dict[str, str] = {}
    for node in ast.parse(text).body:
        name = _name(node)
        if name:
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            found[name] = "\n".join(lines[first - 1 : node.end_lineno])
    return found


def _name(node: ast.stmt) -> str | None:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    return None


@lru_cache(maxsize=32)
def _source(module: str) -> str:
    place = resources.files("ohgw_tools") / "templates" / f"{module}.py"
    return place.read_text(encoding="utf-8")

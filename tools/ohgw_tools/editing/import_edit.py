"""ImportEdit: add an import statement beside a module's other imports; all else keeps its bytes."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from ohgw_tools.editing.refusal import refused
from ohgw_tools.source.python_parse import parse_python


def add(text: str, statement: str) -> str | None:
    """Return `text` with `statement` (one import, one line) in it; None if it is there already.

    `from __future__` goes first; others follow the last import of their kind (standard library,
    third party, own package) that stands before the first use of the name.
    Raises PatchRejected: bad-code, does-not-parse.
    """
    wanted = _statement(statement)
    try:
        module = parse_python(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise refused(
            "does-not-parse", f"the file as it stands is not valid Python ({error}); mend it first"
        ) from None
    top = [n for n in module.body if isinstance(n, ast.Import | ast.ImportFrom)]
    missing = _missing(wanted, top)
    if missing is None:
        return None
    line = ast.unparse(missing)
    lines = text.split("\n")
    at = _place(missing, module, top)
    # A first import is set off by a blank line from what follows.
    follows = lines[at] if at < len(lines) else ""
    gap = [""] if not top and follows.strip() and not follows.startswith(("import", "from")) else []
    lead = [""] if not top and at > 0 and lines[at - 1].strip() else []
    return "\n".join([*lines[:at], *lead, line, *gap, *lines[at:]])


def _statement(text: str) -> ast.Import | ast.ImportFrom:
    source = text.strip().strip("`").strip()
    try:
        body = parse_python(source).body
    except (SyntaxError, ValueError, RecursionError):
        body = []
    if len(body) != 1 or not isinstance(body[0], ast.Import | ast.ImportFrom):
        raise refused("bad-code", f"{text[:120]!r} is not one import statement")
    return body[0]


def _missing(
    wanted: ast.Import | ast.ImportFrom, top: list[ast.Import | ast.ImportFrom]
) -> ast.Import | ast.ImportFrom | None:
    """The part of `wanted` that no import of the module gives yet, or None if all is there."""
    present = {item for node in top for item in _items(node)}
    left = [
        name for name, item in zip(wanted.names, _items(wanted), strict=True) if item not in present
    ]
    if not left:
        return None
    if isinstance(wanted, ast.Import):
        return ast.Import(names=left)
    return ast.ImportFrom(module=wanted.module, names=left, level=wanted.level)


def _items(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str, str | None]]:
    source = "" if isinstance(node, ast.Import) else f"{'.' * node.level}{node.module or ''}"
    for alias in node.names:
        yield source, alias.name, alias.asname


def _place(
    wanted: ast.Import | ast.ImportFrom,
    module: ast.Module,
    top: list[ast.Import | ast.ImportFrom],
) -> int:
    """The number of lines that stand before the new import."""
    after_head = _end_of_head(module)
    if isinstance(wanted, ast.ImportFrom) and wanted.module == "__future__":
        return after_head
    bound = {(a.asname or a.name).partition(".")[0] for a in wanted.names}
    limit = _first_use(module, bound)
    early = [n for n in top if (n.end_lineno or n.lineno) < limit and _alone(n, module)]
    same = [n for n in early if _kind(n) == _kind(wanted)]
    last = (same or [n for n in early if _kind(n) < _kind(wanted)])[-1:]
    if last:
        return last[0].end_lineno or last[0].lineno
    # Kinds are in rising order: the first import of a later kind, if any, follows the new one.
    later = [n for n in early if _kind(n) > _kind(wanted)]
    return later[0].lineno - 1 if later else after_head


def _end_of_head(module: ast.Module) -> int:
    """Lines taken by the docstring, or, without one, by nothing."""
    first = module.body[0] if module.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return first.end_lineno or first.lineno
    return 0 if first is None else _above(first)


def _above(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(int(d.lineno) for d in decorators)]) - 1


def _first_use(module: ast.Module, names: set[str]) -> int:
    """The line of the first use of one of `names` while the module is being imported."""
    first = sys.maxsize
    stack: list[ast.AST] = list(module.body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name) and node.id in names:
            first = min(first, node.lineno)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            stack += [*node.decorator_list, node.args]
        elif not isinstance(node, ast.Lambda):
            stack += ast.iter_child_nodes(node)
    return first


def _alone(node: ast.stmt, module: ast.Module) -> bool:
    """Whether no other statement shares the line that `node` ends on."""
    return not any(n is not node and n.lineno == node.end_lineno for n in module.body)


def _kind(node: ast.Import | ast.ImportFrom) -> int:
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return 0
    if isinstance(node, ast.ImportFrom) and node.level:
        return 3
    first = (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
    root = first.partition(".")[0]
    if root in sys.stdlib_module_names:
        return 1
    return 3 if root == "src" else 2

"""TemplateEdit: definitions of a template as edits of one file: what is there already stays."""

from __future__ import annotations

import ast

from ohgw_tools import templates
from ohgw_tools.edit import AddImport, Edit, InsertDefinition
from ohgw_tools.editing import import_edit
from ohgw_tools.source.python_parse import parse_python


def top_names(text: str) -> set[str]:
    """Return the names of a module's top-level classes, functions and assignments."""
    found: set[str] = set()
    for node in parse_python(text).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {t.id for t in node.targets if isinstance(t, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def with_definitions(
    path: str,
    text: str,
    template: str,
    *,
    without: tuple[str, ...] = (),
    anchor: str | None = None,
) -> list[Edit]:
    """Return the edits that put a template's definitions, and the imports that they use, into the
    file `path`, which holds `text`. Names that the file defines already are left alone, and so are
    those in `without`. They go before the definition `anchor`, or to the end.
    """
    have = top_names(text) | set(without)
    wanted = tuple(name for name in templates.names(template) if name not in have)
    if not wanted:
        return []
    code = templates.definitions(template, *wanted)
    needed = [s for s in templates.imports(template) if not s.startswith("from ohgw_tools")]
    needed = ["from __future__ import annotations", *(s for s in needed if _is_used(s, code))]
    edits: list[Edit] = [
        AddImport(path=path, statement=statement)
        for statement in needed
        if import_edit.add(text, statement) is not None
    ]
    edits.append(InsertDefinition(path=path, code=code, anchor=anchor, where="before"))
    return edits


def _is_used(statement: str, code: str) -> bool:
    node = parse_python(statement).body[0]
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return False
    bound = {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    used = {n.id for n in ast.walk(parse_python(code)) if isinstance(n, ast.Name)}
    return bool(bound & used)

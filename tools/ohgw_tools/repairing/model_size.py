"""ModelSize: let a smoke test ask for a small form of a model that has one fixed size."""

from __future__ import annotations

import ast

from ohgw_tools import catalogue
from ohgw_tools.edit import Edit, ReplaceDefinition, SetKey
from ohgw_tools.source.run_list import Run
from ohgw_tools.subject import Subject


def size_edits(subject: Subject, path: str, smoke: tuple[Run, ...]) -> list[Edit]:
    """Return the edits that give a class built on a configuration class of the catalogue its sizes
    as parameters, today's as defaults, and set small ones in the smoke runs that name the model.
    """
    edits: list[Edit] = []
    opened: set[str] = set()
    for run in smoke:
        model = run.config.get("model") or {}
        entry = catalogue.model(str(model.get("name", "")))
        if entry is None or not entry.small or not entry.config:
            continue
        config = entry.config.rpartition(".")[2]
        found = _builder(subject, path, config)
        if found is None:
            continue
        name, function = found
        if name not in opened:
            opened.add(name)
            sizes = {key: value for key, value in entry.kwargs.items() if key in entry.small}
            edits += _opened(subject, path, name, function, config, sizes)
        kwargs = model.get("kwargs") or {}
        for key, value in entry.small.items():
            if key not in kwargs:
                place = (*run.key, "model", "kwargs", key)
                edits.append(SetKey(path=run.path, key=place, value=value))
    return edits


def _builder(subject: Subject, path: str, config: str) -> tuple[str, ast.FunctionDef] | None:
    """The one `__init__` that calls the configuration class."""
    file = subject.python(path)
    found = [
        (node.name, function)
        for node in (file.nodes(ast.ClassDef) if file else ())
        for function in node.body
        if isinstance(function, ast.FunctionDef) and _config_call(function, config)
    ]
    return found[0] if len(found) == 1 else None


def _config_call(function: ast.FunctionDef, config: str) -> ast.Call | None:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == config:
            return node
    return None


def _opened(
    subject: Subject,
    path: str,
    name: str,
    function: ast.FunctionDef,
    config: str,
    sizes: dict[str, bool | int | float | str],
) -> list[Edit]:
    """The class's `__init__` with each size as a last parameter, passed on to the configuration."""
    have = {argument.arg for argument in function.args.args}
    call = _config_call(function, config)
    new = {key: value for key, value in sizes.items() if key not in have}
    if call is None or not new or function.args.kwarg or function.args.kwonlyargs:
        return []
    lines = subject.files[path].split("\n")
    first, last = function.lineno - 1, function.end_lineno or function.lineno
    ends = function.args.defaults[-1:] or function.args.args[-1:]
    places = [
        (ends[0].end_lineno, ends[0].end_col_offset, [f"{k}: int = {v}" for k, v in new.items()]),
        (call.end_lineno, (call.end_col_offset or 1) - 1, [f"{k}={k}" for k in new]),
    ]
    for line, column, parts in sorted(places, key=lambda place: -(place[0] or 0)):
        # Columns of `ast` count UTF-8 bytes.
        raw = lines[(line or 1) - 1].encode()
        head, tail = raw[: column or 0].decode(), raw[column or 0 :].decode()
        comma = "" if head.rstrip().endswith((",", "(")) else ", "
        lines[(line or 1) - 1] = f"{head}{comma}{', '.join(parts)}{tail}"
    code = "\n".join(lines[first:last])
    return [ReplaceDefinition(path=path, name=f"{name}.__init__", code=code)]

"""BaseDefinition: what the base code's modules define, and the edits that bring it back."""

from __future__ import annotations

import ast
import builtins
from typing import NamedTuple

from ohgw_tools.edit import AddImport, Edit, InsertDefinition
from ohgw_tools.source.placeholder import placeholders
from ohgw_tools.source.python_file import Definition, PythonFile
from ohgw_tools.source.siblings import exports
from ohgw_tools.subject import Subject

_BUILTIN = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__"}


class Binding(NamedTuple):
    """A statement at the top of a module that binds a name, and its index among the others."""

    node: ast.stmt
    number: int


def bindings(file: PythonFile) -> dict[str, Binding]:
    """Return the top-level statements of a module by the names that they bind."""
    found = {}
    for index, node in enumerate(file.tree.body if file.tree else ()):
        for name in _bound(node):
            found[name] = Binding(node, index)
    return found


def source(file: PythonFile, node: ast.stmt) -> str:
    """Return the text of a statement, decorators and the comment lines right above included."""
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    while first > 1 and file.lines[first - 2].startswith("#"):
        first -= 1
    return "\n".join(file.lines[first - 1 : node.end_lineno]) + "\n"


class Restoration:
    """Collects the edits that bring names of the base code back into the derived code."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._added: dict[str, set[str]] = {}
        self._last: dict[tuple[str, str | None], str] = {}
        self.edits: list[Edit] = []

    def add(self, path: str, name: str) -> bool:
        """Plan to restore `name` in the file at `path`; False, and no edit, if that is not certain:
        the base has none, it is unfinished, or what it needs is not there.
        """
        planned: list[tuple[str, Binding]] = []
        if not self._plan(path, name, planned, set()):
            return False
        base = self._subject.python(path, base=True)
        assert base is not None
        for wanted, binding in planned:
            if wanted in self._added.setdefault(path, set()):
                continue
            self._added[path] |= set(_bound(binding.node))
            self._restore(path, base, wanted, binding)
        return True

    def _plan(
        self, path: str, name: str, planned: list[tuple[str, Binding]], seen: set[str]
    ) -> bool:
        """List what `name` needs before it, then itself."""
        file, base = self._subject.python(path), self._subject.python(path, base=True)
        if file is None or base is None or file.tree is None:
            return False
        if name in exports(file).names or name in self._added.get(path, ()) or name in seen:
            return True
        seen.add(name)
        binding = bindings(base).get(name)
        if binding is None or unfinished(base, binding.node):
            return False
        if not isinstance(binding.node, ast.Import | ast.ImportFrom):
            for needed in sorted(_needs(base, binding.node)):
                if not self._plan(path, needed, planned, seen):
                    return False
        elif not self._importable(path, binding.node, name):
            return False
        planned.append((name, binding))
        return True

    def _importable(self, path: str, node: ast.Import | ast.ImportFrom, name: str) -> bool:
        """Whether an import of the base still works: names of siblings must be there."""
        from ohgw_tools.source.siblings import absolute

        if isinstance(node, ast.Import):
            return True
        module = absolute(path, node)
        target = self._subject.modules.get(module)
        file = self._subject.python(target) if target else None
        if file is None:
            return not node.level
        original = next((a.name for a in node.names if (a.asname or a.name) == name), name)
        return original in exports(file).names

    def _restore(self, path: str, base: PythonFile, name: str, binding: Binding) -> None:
        node = binding.node
        if isinstance(node, ast.Import | ast.ImportFrom):
            alias = next(a for a in node.names if (a.asname or a.name).split(".")[0] == name)
            one: ast.stmt = ast.Import(names=[alias])
            if isinstance(node, ast.ImportFrom):
                one = ast.ImportFrom(module=node.module, names=[alias], level=node.level)
            self.edits.append(AddImport(path=path, statement=ast.unparse(one)))
            return
        before, after = self._neighbours(path, base, binding.number)
        code = source(base, node)
        key = (path, before)
        if before is not None:
            anchor = self._last.get(key, before)
            self.edits.append(InsertDefinition(path=path, code=code, anchor=anchor))
            if isinstance(node, Definition):
                self._last[key] = node.name
        elif after is not None:
            edit = InsertDefinition(path=path, code=code, anchor=after, where="before")
            self.edits.append(edit)
        else:
            self.edits.append(InsertDefinition(path=path, code=code))

    def _neighbours(self, path: str, base: PythonFile, index: int) -> tuple[str | None, str | None]:
        """The nearest definitions before and after that the derived file still has at its top."""
        file = self._subject.python(path)
        have = (
            {n.name for n in file.tree.body if isinstance(n, Definition)}
            if file and file.tree
            else set()
        )
        names = [
            node.name if isinstance(node, Definition) and node.name in have else None
            for node in (base.tree.body if base.tree else ())
        ]
        before = next((n for n in reversed(names[:index]) if n), None)
        return before, next((n for n in names[index + 1 :] if n), None)


def _bound(node: ast.stmt) -> list[str]:
    if isinstance(node, Definition):
        return [node.name]
    if isinstance(node, ast.Import):
        return [a.asname or a.name.split(".")[0] for a in node.names]
    if isinstance(node, ast.ImportFrom):
        return [a.asname or a.name for a in node.names]
    if isinstance(node, ast.Assign):
        return [t.id for t in node.targets if isinstance(t, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
        return [node.target.id]
    return []


def _needs(base: PythonFile, node: ast.stmt) -> set[str]:
    """The names of the base module that a statement uses, builtins and its own aside."""
    used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    own = {a.arg for a in ast.walk(node) if isinstance(a, ast.arg)} | set(_bound(node))
    return (used & set(bindings(base))) - own - _BUILTIN


def needs_met(file: PythonFile, base: PythonFile, node: ast.stmt) -> bool:
    """Whether the derived file binds every name of the base module that a statement uses."""
    return _needs(base, node) <= exports(file).names


def unfinished(base: PythonFile, node: ast.stmt) -> bool:
    """Whether a statement of the base code holds a placeholder or ends in a stub."""
    last = node.end_lineno or node.lineno
    if any(node.lineno <= p.region.start_line <= last for p in placeholders(base)):
        return True
    return any(
        isinstance(inner, ast.Raise)
        and inner.exc is not None
        and "NotImplementedError" in ast.unparse(inner.exc)
        for inner in getattr(node, "body", ())[-1:]
    )

"""lost-base-function: a patch deletes what the base code could do."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ohgw_tools.editing.change import Change
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.definition_table import SIMILAR, Defined, definitions, likeness

NAME = "guard-lost-base-function"
CRITERION = "preservation"
KIND: IssueKind = "omission"
SEVERITY: Severity = "error"
SUMMARY = "A patch deletes a function or class of the base code, guts it, or deletes a file."

_MARKS = ("placeholder", "dummy", "toy", "random", "template", "stub", "example")


def inspect(change: Change) -> Iterator[Finding]:
    """Refuse definitions that the base code has and the patch deletes; show those it guts."""
    moved = {
        defined.last_name
        for _, file in change.after.python_files()
        for defined in definitions(file).values()
    }
    fresh = _fresh(change)
    for path in change.paths:
        if path not in change.after.files:
            yield change.finding(__name__, f"the patch deletes {path}", path, subject=path)
            continue
        base = definitions(change.after.python(path, base=True))
        old, new = definitions(change.before.python(path)), definitions(change.after.python(path))
        broken = change.before.python(path)
        if broken is None or broken.tree is None:
            continue
        for name, defined in old.items():
            stub = "raise NotImplemented" in ast.unparse(defined.node)
            if any(mark in name.lower() for mark in _MARKS) or (stub and name not in new):
                continue
            if name in new:
                was, now = defined.size, _size(new[name], fresh)
                if was >= 40 and now * 10 < was * 4 and not stub:
                    message = f"{name} shrinks from {was} to {now} parts; is all of it still there?"
                    yield change.finding(__name__, message, path, new[name].node, severe=False)
            elif name in base and defined.last_name not in moved:
                alike = [
                    d for n, d in new.items() if n not in old and likeness(defined, d) >= SIMILAR
                ]
                message = f"the patch deletes {name}, which the base code has"
                yield change.finding(__name__, message, path, 1, severe=not alike, subject=name)


def _fresh(change: Change) -> dict[str, int]:
    """The sizes of definitions that the change brings, by their last names."""
    had = {
        defined.last_name
        for _, file in change.before.python_files()
        for defined in definitions(file).values()
    }
    return {
        defined.last_name: defined.size
        for path in change.paths
        for defined in definitions(change.after.python(path)).values()
        if defined.last_name not in had
    }


def _size(defined: Defined, fresh: dict[str, int]) -> int:
    """The size of a definition with the new ones that it calls: what moved out still counts."""
    called = {name.rsplit(".", 1)[-1] for name in defined.called()}
    return defined.size + sum(size for name, size in fresh.items() if name in called)

"""lost-definition: a function or class of the base code that the derived code no longer has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.source.definition_table import SIMILAR, Defined, definitions, likeness
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.subject import Subject

NAME = "lost-definition"
CRITERION = "preservation"
KIND: IssueKind = "omission"
SEVERITY: Severity = "warning"
SUMMARY = "A function or class of the base code is gone."

_TEMPLATE = re.compile(r"placeholder|dummy|toy|synthetic|random|fake|example|template|stub", re.I)
_SMALL = 8


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning for each that is neither moved, renamed, replaced nor the template's own.

    Whether a loss matters is a judgement; what is certain (a sibling still imports it, a flag or
    figure is gone with it) is reported by other rules as an error.
    """
    if not subject.contract.has_base:
        return
    everywhere = {
        defined.last_name
        for _, file in subject.python_files()
        for defined in definitions(file).values()
    }
    for path, base in subject.python_files(base=True):
        file = subject.python(path)
        if file is None or file.tree is None:
            continue
        have = definitions(file)
        for name, lost in definitions(base).items():
            parent = name.rpartition(".")[0]
            if name in have or lost.last_name in everywhere or (parent and parent not in have):
                continue
            yield _loss(subject, path, base, lost)


def _loss(subject: Subject, path: str, base: PythonFile, lost: Defined) -> Finding:
    new_name, similarity = _successor(subject, path, lost)
    severity: Severity = "info"
    if similarity >= SIMILAR:
        note = f"; {new_name} looks like its new name"
    elif _TEMPLATE.search(lost.name):
        note = ", a part of the template by its name"
    elif lost.size < _SMALL or not _is_used(subject, lost):
        note = ", small or unused there"
    else:
        severity, note = "warning", ""
    what = "class" if lost.is_class else "function"
    region = base.region(lost.node)
    quote = base.source.line(region.start_line).strip()
    return subject.finding(
        __name__,
        f"{what} {lost.name} of the base code is gone{note}",
        path,
        1,
        severity=severity,
        subject=lost.name,
        evidence=(Evidence(kind="base", path=path, region=region, quote=quote),),
        data={"symbol": lost.name, "module": path, "successor": new_name or None},
    )


def _successor(subject: Subject, path: str, lost: Defined) -> tuple[str, float]:
    """Return the new definition that is most like the lost one, and how like it is."""
    old, new = definitions(subject.python(path, base=True)), definitions(subject.python(path))
    candidates = [d for name, d in new.items() if name not in old and d.is_class == lost.is_class]
    best = max(((likeness(lost, c), c.name) for c in candidates), default=(0.0, ""))
    return (best[1], best[0]) if best[0] >= SIMILAR else ("", best[0])


def _is_used(subject: Subject, lost: Defined) -> bool:
    return lost.last_name in subject.once(_names_used_in_base)


def _names_used_in_base(subject: Subject) -> frozenset[str]:
    used: set[str] = set()
    for _, file in subject.python_files(base=True):
        used.update(node.id for node in file.nodes(ast.Name))
        used.update(node.attr for node in file.nodes(ast.Attribute))
        used.update(alias.name for node in file.nodes(ast.ImportFrom) for alias in node.names)
    return frozenset(used)

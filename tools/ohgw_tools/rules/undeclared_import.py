"""undeclared-import: an import that no dependency declares."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ohgw_tools.environments.distribution import along_with, is_standard, providers
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.project_table import declared, project_file
from ohgw_tools.source.siblings import guarded, imported_names
from ohgw_tools.subject import Subject

NAME = "undeclared-import"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "A third-party module is imported that pyproject.toml does not declare."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each module, once a file; a warning where a declared
    distribution is known to bring it along, an info where the import is guarded.
    """
    project = project_file(subject)
    if project is None:
        return
    have = declared(project)
    along = along_with(have)
    own = {part for name in subject.modules for part in name.split(".")}
    for path, file in subject.python_files():
        seen: set[str] = set()
        for wanted in imported_names(subject, path, file):
            top = wanted.module.split(".")[0]
            if wanted.local or top in seen or top in own or not top or is_standard(top):
                continue
            provided_by = providers(top)
            if provided_by & have or not provided_by:
                continue
            seen.add(top)
            node = wanted.node
            severity, note = _note(provided_by & along, guarded(file, node))
            yield subject.finding(
                __name__,
                f"the module {top!r} is imported, but pyproject.toml does not declare "
                f"{' or '.join(sorted(provided_by))}{note}",
                path,
                node,
                severity=severity,
                subject=top,
                inherited=subject.inherited(path, node.lineno),
                data={
                    "symbol": top,
                    "requirement": sorted(provided_by)[0],
                    "choices": [*sorted(provided_by)],
                    "in_function": any(
                        isinstance(above, ast.FunctionDef) for above in file.ancestors(node)
                    ),
                },
            )


def _note(along: frozenset[str], is_guarded: bool) -> tuple[Severity, str]:
    if is_guarded:
        return "info", " (the import may fail without harm)"
    return ("warning", " (another dependency may bring it along)") if along else ("error", "")

"""placeholder-value: a placeholder in a configuration."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.placeholder import placeholders
from ohgw_tools.subject import Subject

NAME = "placeholder-value"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = "A key or value of a configuration is a placeholder."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each placeholder among the keys and values of YAML and TOML files."""
    hydra = subject.once(_uses_hydra)
    for path, file in subject.parsed_files():
        for found in placeholders(file):
            if found.form == "value" and not (found.token == "???" and hydra):
                line = found.region.start_line
                yield subject.finding(
                    __name__,
                    f"the configuration holds the placeholder {found.token!r}",
                    path,
                    found.region,
                    inherited=subject.inherited(path, line),
                    data={"token": found.token},
                )


def _uses_hydra(subject: Subject) -> bool:
    """Whether `???` is Hydra's own mark of a value that the command line must give."""
    return any(
        (node.module or "").split(".")[0] in ("hydra", "omegaconf")
        for _, file in subject.python_files()
        for node in file.nodes(ast.ImportFrom)
    ) or any(
        alias.name.split(".")[0] in ("hydra", "omegaconf")
        for _, file in subject.python_files()
        for node in file.nodes(ast.Import)
        for alias in node.names
    )

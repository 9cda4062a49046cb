"""lost-call: output calls that a function of the base code no longer makes."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.source.definition_table import Defined, definitions
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.subject import Subject

NAME = "lost-call"
CRITERION = "preservation"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "warning"
SUMMARY = "A function no longer makes plot, log or output calls that it makes in the base code."


_OUTPUT = {"matplotlib", "seaborn", "plotly", "logging", "json", "csv", "wandb", "tensorboard"}


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning for each function, naming the calls that its whole file lost."""
    if not subject.contract.has_base:
        return
    for path, file in subject.python_files():
        base = subject.python(path, base=True)
        if base is None or file.tree is None:
            continue
        heads = base.derive(_output_names)
        left = {name for defined in definitions(file).values() for name in defined.called()}
        for name, old in definitions(base).items():
            new = definitions(file).get(name)
            if new is None or old.is_class or new.is_class:
                continue
            lost = [c for c in _lost(old, new) if c.split(".")[0] in heads and c not in left]
            if lost:
                yield _finding(subject, path, base, new, old, lost)


def _lost(old: Defined, new: Defined) -> list[str]:
    return sorted(old.called().keys() - new.called().keys())


def _finding(
    subject: Subject, path: str, base: PythonFile, new: Defined, old: Defined, lost: list[str]
) -> Finding:
    region = base.region(old.called()[lost[0]])
    quote = base.source.line(region.start_line).strip()
    return subject.finding(
        __name__,
        f"{new.name} no longer calls {', '.join(lost)}, as it does in the base code",
        path,
        new.node,
        subject=new.name,
        evidence=(Evidence(kind="base", path=path, region=region, quote=quote),),
        data={"symbol": new.name, "module": path, "calls": [*lost]},
    )


def _output_names(file: PythonFile) -> Mapping[str, str]:
    """The names that a file gives to modules that plot, log or write."""
    found = {}
    for node in file.nodes(ast.Import):
        for alias in node.names:
            if alias.name.split(".")[0] in _OUTPUT:
                found[alias.asname or alias.name.split(".")[0]] = alias.name
    return found

"""lost-figure: a figure of the base code that is no longer saved."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.source.figure import figures
from ohgw_tools.subject import Subject

NAME = "lost-figure"
CRITERION = "preservation"
KIND: IssueKind = "omission"
SEVERITY: Severity = "warning"
SUMMARY = "A figure that the base code saves is not saved any more."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning for each name that no derived code can produce, an info where a more general
    name may still come out as it.
    """
    if not subject.contract.has_base:
        return
    saved = [figure for _, file in subject.python_files() for figure in figures(file)]
    names = {figure.name for figure in saved}
    for path, base in subject.python_files(base=True):
        file = subject.python(path)
        if file is None or file.tree is None:
            continue
        for figure in figures(base):
            if figure.name in names:
                continue
            general = next((other for other in saved if other.may_be(figure)), None)
            note = f"; {general.name} may still be it" if general else ""
            region = base.region(figure.node)
            quote = base.source.line(region.start_line).strip()
            yield subject.finding(
                __name__,
                f"the base code saves the figure {figure.name}, the derived code does not{note}",
                path,
                1,
                severity="info" if general else "warning",
                subject=figure.name,
                evidence=(Evidence(kind="base", path=path, region=region, quote=quote),),
                data={"figure": figure.name, "module": path},
            )

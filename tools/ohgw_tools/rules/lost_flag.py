"""lost-flag: a command line flag of the base code that is gone."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.source.command_line import flags, takes_unknown
from ohgw_tools.subject import Subject

NAME = "lost-flag"
CRITERION = "consistency"
KIND: IssueKind = "structural-change"
SEVERITY: Severity = "error"
SUMMARY = "A command line flag of the base code is gone."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each flag, unless the program takes arguments that it does not declare."""
    if not subject.contract.has_base:
        return
    for path, base in subject.python_files(base=True):
        file = subject.python(path)
        if file is None or file.tree is None or takes_unknown(file):
            continue
        names = {name for flag in flags(file) for name in flag.names}
        for flag in flags(base):
            if names & set(flag.names):
                continue
            region = base.region(flag.node)
            quote = base.source.line(region.start_line).strip()
            yield subject.finding(
                __name__,
                f"the base code's argument {flag.names[-1]} is gone from {path}",
                path,
                1,
                subject=flag.names[-1],
                evidence=(Evidence(kind="base", path=path, region=region, quote=quote),),
                data={"flag": flag.names[-1], "module": path},
            )

"""shrunken-definition: a function that lost most of its body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.source.definition_table import Defined, definitions
from ohgw_tools.subject import Subject

NAME = "shrunken-definition"
CRITERION = "preservation"
KIND: IssueKind = "truncation"
SEVERITY: Severity = "error"
SUMMARY = "A function of the base code lost most of its body."


_LARGE = 40
_SHORT = 0.6
_GUTTED = 0.3
_STUB = 3  # another rule reports these


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning below 60 % of the base's size, an error below 30 %; code that moved to new
    functions that it calls counts as still there.
    """
    if not subject.contract.has_base:
        return
    for path, file in subject.python_files():
        base = subject.python(path, base=True)
        before, after = definitions(base), definitions(file)
        for name, old in before.items():
            new = after.get(name)
            if new is None or old.is_class or new.is_class or old.body_size < _LARGE:
                continue
            share = new.body_size / old.body_size
            if share >= _SHORT or new.body_size <= _STUB or base is None:
                continue
            whole = (new.body_size + _moved(new, before, after)) / old.body_size
            if whole >= _SHORT:
                continue
            region = base.region(old.node)
            quote = base.source.line(region.start_line).strip()
            yield subject.finding(
                __name__,
                f"{name} shrank to {share:.0%} of its size in the base code"
                + (f" ({whole:.0%} with the new functions that it calls)" if whole > share else ""),
                path,
                new.node,
                severity="error" if whole < _GUTTED else "warning",
                subject=name,
                evidence=(Evidence(kind="base", path=path, region=region, quote=quote),),
                data={"symbol": name, "module": path, "share": round(share, 3)},
            )


def _moved(new: Defined, before: Mapping[str, Defined], after: Mapping[str, Defined]) -> int:
    """The size of the new functions that a function calls."""
    called = {name.rsplit(".", 1)[-1] for name in new.called()}
    return sum(
        other.body_size
        for name, other in after.items()
        if name not in before and other.last_name in called and not other.is_class
    )

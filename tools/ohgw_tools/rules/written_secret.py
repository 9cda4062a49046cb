"""written-secret: a password, key or token that stands in the code."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Evidence, Finding, IssueKind, Region, Severity
from ohgw_tools.source.remark import File
from ohgw_tools.subject import Subject
from ohgw_tools.token_shape import SHAPES

NAME = "written-secret"
CRITERION = "consistency"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "warning"
SUMMARY = "A password, key or token stands in the code instead of coming from the environment."

MOST = 50  # findings in one file: a file of keys needs no more to be seen for what it is


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning for each secret. Neither message nor evidence repeats it."""
    for path, text in subject.files.items():
        seen: set[int] = set()
        file = subject.parsed(path)
        secrets = file.derive(_secrets_of) if file else tuple(_secrets(text))
        for kind, start, end in secrets:
            if start in seen or len(seen) == MOST:
                continue
            seen.add(start)
            region = _region(text, start, end)
            quote = f"({end - start} characters, not repeated here)"
            yield subject.finding(
                __name__,
                f"a secret stands in the code ({kind}):"
                " take it from the environment, and revoke it",
                path,
                region,
                subject=kind,
                inherited=subject.inherited(path, region.start_line),
                evidence=(Evidence(kind="source", path=path, region=region, quote=quote),),
            )


def _secrets_of(file: File) -> tuple[tuple[str, int, int], ...]:
    return tuple(_secrets(file.text))


def _secrets(text: str) -> Iterator[tuple[str, int, int]]:
    for shape in SHAPES:
        if shape.may_stand_in(text):
            for match in shape.pattern.finditer(text):
                if "[REDACTED:" not in match["s"]:
                    yield shape.kind, match.start("s"), match.end("s")


def _region(text: str, start: int, end: int) -> Region:
    first = text.rfind("\n", 0, start) + 1
    last = text.rfind("\n", 0, end) + 1
    return Region(
        start_line=text.count("\n", 0, start) + 1,
        start_column=start - first + 1,
        end_line=text.count("\n", 0, end) + 1,
        end_column=end - last + 1,
    )

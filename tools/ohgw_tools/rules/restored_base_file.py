"""restored-base-file: a derived file that is still the base file with its placeholders."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.source.placeholder import placeholders
from ohgw_tools.source.same_document import same_document
from ohgw_tools.subject import Subject

NAME = "restored-base-file"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = "A derived file equals a base file that holds placeholders."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield one error for each file; what its placeholders cause is grouped under it."""
    for path in subject.files:
        file, base = subject.parsed(path), subject.parsed(path, base=True)
        marks = [p for p in placeholders(base) if p.certain]
        if file is None or not marks or not same_document(file, base):
            continue
        own = [p for p in placeholders(file) if p.certain] or marks
        live = sum(p.live for p in own)
        tokens = sorted({p.token for p in own})
        evidence = tuple(
            Evidence(
                kind="source",
                path=path,
                region=p.region,
                quote=file.source.line(p.region.start_line).strip()[:240],
            )
            for p in own[:5]
        )
        yield subject.finding(
            __name__,
            f"equals the base file, which holds {len(own)} placeholders ({live} of them in use): "
            f"{', '.join(tokens)}",
            path,
            own[0].region,
            subject=path,
            evidence=evidence,
            inherited=True,
            data={"tokens": list(tokens), "live": live},
        )

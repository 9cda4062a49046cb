"""unimplemented-part: a part that the description asks for and nothing in the code hints at."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ohgw_tools.facts.experiment_facts import DESCRIPTION, texts
from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.source.method_part import PARTS, MethodPart, is_present
from ohgw_tools.source.source_text import SourceText
from ohgw_tools.subject import Subject

NAME = "unimplemented-part"
CRITERION = "enhancement"
KIND: IssueKind = "omission"
SEVERITY: Severity = "warning"
SUMMARY = "Nothing in the code hints at a part that the description asks for."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning for each: whether it is done under another name is a judgement."""
    text = texts(subject.bundle).get(DESCRIPTION, "")
    if not text or any(file.tree is None for _, file in subject.python_files()):
        return
    source = SourceText(text)
    for part, asked in subject.reading(_asked, text):
        if is_present(subject, part):
            continue
        region = source.span(*asked.span())
        quote = source.line(region.start_line).strip()[:200]
        yield subject.finding(
            __name__,
            f"the description asks for {part.name}; no name, string or key of the code hints at it",
            subject=part.name,
            evidence=(Evidence(kind="text", path=DESCRIPTION, region=region, quote=quote),),
            data={"part": part.name},
        )


def _asked(text: str) -> tuple[tuple[MethodPart, re.Match[str]], ...]:
    """The parts that the description asks for, each with the words that do."""
    found = ((part, part.asked.search(text)) for part in PARTS)
    return tuple((part, match) for part, match in found if match is not None)

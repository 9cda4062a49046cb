"""Reference: what the catalogue knows of the names in question, for the model that mends them.

Whole entries and whole pages, as many as there is room for; those without room are named.
"""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_agent.proposer import Situation
from ohgw_agent.repair_focus import RepairFocus
from ohgw_tools.finding import Finding

# Characters, at first and once findings have resisted: about 1,100 and 1,500 tokens.
ROOM, WIDE_ROOM = 4200, 6000
# Findings of these kinds are mended by code that is not there yet: what it is to do stands in the
# description of the experiment.
_ABSENT = ("omission", "incomplete-replacement", "truncation")
_UNSAID = {"sources", "aliases", "offline", "headline", "licence", "template"}


def reference(situation: Situation, focus: RepairFocus) -> str:
    """Return facts and pages on the datasets, models, schedulers and methods that the findings name
    or that the missing code is about; an empty text where the catalogue knows none of them.
    """
    wide = focus.breadth != "region"
    named = "\n".join(_said(finding) for finding in focus.findings)
    if wide or any(f.kind in _ABSENT for f in focus.findings):
        named += "\n" + situation.bundle.experiment.description
    room = WIDE_ROOM if wide else ROOM
    shown: list[str] = []
    left: list[str] = []
    for title, text in (*_pages(named), *_entries(named)):
        if len(text) <= room:
            room -= len(text)
            shown.append(text)
        else:
            left.append(title)
    if left:
        shown.append(f"(No room here for: {', '.join(left)})")
    return "\n".join(shown)


def _said(finding: Finding) -> str:
    return "\n".join([finding.message, finding.subject, *(e.quote for e in finding.evidence)])


def _entries(text: str) -> Iterator[tuple[str, str]]:
    from ohgw_tools import catalogue

    for kind, entries in (
        ("dataset", catalogue.datasets()),
        ("model", catalogue.models()),
        ("scheduler", catalogue.schedulers()),
    ):
        for entry in catalogue.named_in(text, entries):
            facts = entry.model_dump_json(exclude_defaults=True, exclude={*_UNSAID, "name"})
            yield entry.name, f"{kind} {entry.name}: {facts}"


def _pages(text: str) -> Iterator[tuple[str, str]]:
    from ohgw_tools.knowledge import pages_for

    for page in pages_for(text):
        yield page.title, page.text

"""missing-attack: an evaluation under a named adversarial attack that no code makes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ohgw_tools.facts.experiment_facts import DESCRIPTION, texts
from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.source.method_part import PARTS, is_present
from ohgw_tools.source.source_text import SourceText
from ohgw_tools.subject import Subject

NAME = "missing-attack"
CRITERION = "enhancement"
KIND: IssueKind = "omission"
SEVERITY: Severity = "error"
SUMMARY = "The description has models evaluated under a named attack, and no code attacks anything."

_ATTACK = r"TextFooler|DeepWordBug|BERT-Attack|PWWS|PGD(?:-\d+)?|FGSM|AutoAttack|Carlini-Wagner"
_EVALUATED = r"\b(?:evaluat|report|measur|test|robust|degrad|attack)\w*"
_ASKED = re.compile(
    rf"{_EVALUATED}[^.;\n]{{0,80}}?\b({_ATTACK})\b|\b({_ATTACK})\b[^.;\n]{{0,80}}?{_EVALUATED}",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:no|not|without|never|unlike|instead of|future)\b", re.IGNORECASE)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield one error if no name, string or key of code and configurations hints at any attack.

    Comments and docstrings do not count. A line that speaks of the attack in the negative asks for
    none.
    """
    text = texts(subject.bundle).get(DESCRIPTION, "")
    asked = _ASKED.search(text)
    if asked is None or any(file.tree is None for _, file in subject.python_files()):
        return
    source = SourceText(text)
    region = source.span(*asked.span())
    line = source.line(region.start_line).strip()
    attack = next(part for part in PARTS if part.name == "adversarial examples")
    if _DENIED.search(line) or is_present(subject, attack):
        return
    name = asked[1] or asked[2]
    yield subject.finding(
        __name__,
        f"the description has models evaluated under {name}; no name, string or key of the code "
        "hints at an attack",
        subject=name.casefold(),
        evidence=(Evidence(kind="text", path=DESCRIPTION, region=region, quote=line[:200]),),
        data={"attack": name},
    )

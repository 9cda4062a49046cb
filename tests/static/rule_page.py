"""A rule's page as test cases: Markdown in, one case for each heading with files below it.

A fenced block whose info string ends in `title="PATH"` is a file of the derived code. `base: PATH`
is a file of the base code, `experiment` holds id, description, strategy and run_variations as YAML,
`contract` keys that replace those of the contract, and `findings` the lines that the rule must
report: `SEVERITY PATH:LINE:COLUMN MESSAGE`. A case without `findings` must yield none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.check import check
from ohgw_tools.contract import Contract
from ohgw_tools.rule import narrowed
from ohgw_tools.tree import Tree

SECTIONS = ("What it does", "Why is this bad", "Example", "Use instead")
_BLOCK = re.compile(r'^```\w* title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)


@dataclass
class Case:
    """One bundle of a page, and the lines that the rule must report for it."""

    heading: str
    derived: dict[str, str] = field(default_factory=dict)
    base: dict[str, str] = field(default_factory=dict)
    experiment: dict = field(default_factory=dict)
    contract: dict = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)

    def bundle(self) -> Bundle:
        known = dict(self.experiment)
        strategy = known.pop("strategy", "")
        experiment = Experiment(**{"id": "exp-1", **known})
        return Bundle(
            base=Tree(self.base),
            derived=Tree(self.derived),
            experiment=experiment,
            strategy=strategy,
        )

    def verdict(self, rule: str):
        name = self.contract.pop("name", "base-derived") if self.contract else "base-derived"
        contract = Contract.load(name).model_copy(update=self.contract)
        return check(self.bundle(), narrowed(contract, (rule,)))

    def reported(self, rule: str) -> list[str]:
        verdict = self.verdict(rule)
        assert verdict.status != "undecided", verdict.reason
        return [
            f"{f.severity} {f.place} {f.message}" + (f" [waived: {f.waived}]" if f.waived else "")
            for f in verdict.findings
        ]


def cases(text: str) -> list[Case]:
    """Return the cases of a page: one for each heading that has files below it."""
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    found = []
    for heading, end in zip(headings, ends, strict=True):
        case = Case(heading[1].strip())
        for title, body in _BLOCK.findall(text[heading.end() : end]):
            if title == "experiment":
                case.experiment = yaml.safe_load(body)
            elif title == "contract":
                case.contract = yaml.safe_load(body)
            elif title == "findings":
                case.findings = body.splitlines()
            elif title.startswith("base: "):
                case.base[title.removeprefix("base: ")] = body
            else:
                case.derived[title] = body
        if case.derived or case.base:
            found.append(case)
    return found

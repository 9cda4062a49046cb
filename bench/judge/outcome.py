"""Outcome: what the judge said of every broken bundle."""

from __future__ import annotations

from dataclasses import dataclass, field

from defects import Defect
from prediction import Mutant, predictions

from ohgw_tools.bundle import Bundle
from ohgw_tools.finding import Finding


@dataclass
class Outcome:
    """Severities reached for each defect, errors by rule, and the broken bundles themselves."""

    reached: list[tuple[Defect, str]] = field(default_factory=list)
    errors: list[tuple[str, bool]] = field(default_factory=list)
    mutants: list[Mutant] = field(default_factory=list)

    def add(self, defect: Defect, worsts: list[str]) -> None:
        """Add the severities reached for one kind of defect."""
        self.reached += [(defect, w) for w in worsts]

    def note(
        self, defect: Defect, name: str, bundle: Bundle, findings: tuple[Finding, ...]
    ) -> None:
        """Remember the errors and predictions of one broken bundle."""
        rules = frozenset(f.rule for f in findings if f.severity == "error")
        self.errors += [(rule, rule in defect.rules) for rule in rules]
        self.mutants.append(Mutant(f"{name} {defect.name}", bundle, predictions(findings), rules))

    def summary(self, kinds: int, bundles: int) -> None:
        """Print the shares of defects found."""
        count = len(self.reached)
        decidable = [(d, w) for d, w in self.reached if d.severity == "error"]
        warned = sum(w in ("warning", "error") for _, w in self.reached)
        wrong = sum(w == "error" for _, w in decidable)
        print(f"\n{kinds} kinds of defect, {count} broken bundles made from {bundles} good ones")
        print(f"found at warning level or above by a rule meant for it: {warned / count:.1%}")
        print(
            f"found at error level, of those that are errors:         {wrong / len(decidable):.1%}"
        )

"""Outcome: what the judge said of every broken bundle, and how that compares with real runs."""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass, field

from defects import Defect
from real import Crash, run

from ohgw_tools.bundle import Bundle
from ohgw_tools.finding import Finding

# Rules whose findings say that a program raises, at their line.
PREDICTING = ("certain-crash", "registry-gap", "result-key-gap", "thread-crash")
# What libraries raise where Python's own rules name a wider class.
NARROWER = {"UFuncTypeError": "TypeError", "_UFuncNoLoopError": "TypeError"}


@dataclass
class Outcome:
    """Severities reached for each defect, errors by rule, and the predicted crashes."""

    reached: list[tuple[Defect, str]] = field(default_factory=list)
    errors: list[tuple[str, bool]] = field(default_factory=list)
    mutants: list[tuple[str, Bundle, frozenset[Crash]]] = field(default_factory=list)

    def add(self, defect: Defect, worsts: list[str]) -> None:
        """Add the severities reached for one kind of defect."""
        self.reached += [(defect, w) for w in worsts]

    def note(
        self, defect: Defect, name: str, bundle: Bundle, findings: tuple[Finding, ...]
    ) -> None:
        """Remember the errors and predictions of one broken bundle."""
        rules = {f.rule for f in findings if f.severity == "error"}
        self.errors += [(rule, rule in defect.rules) for rule in rules]
        self.mutants.append((f"{name} {defect.name}", bundle, predictions(findings)))

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


def predictions(findings: tuple[Finding, ...]) -> frozenset[Crash]:
    """Return the crashes that findings predict as the first of their process."""
    found = set()
    for finding in findings:
        if finding.rule in PREDICTING and finding.hidden_by is None and finding.region is not None:
            exception = str(finding.data.get("exception", "KeyError"))
            found.add(Crash(exception, finding.path or "", finding.region.start_line))
    return frozenset(found)


def predicted_and_real(outcome: Outcome, good: dict[str, Bundle], python: str, count: int) -> None:
    """Run good bundles and a sample of broken ones; print predicted crashes over real ones."""
    print("\nfor real", flush=True)
    for name, bundle in good.items():
        try:
            ended = run(bundle, python)
        except subprocess.TimeoutExpired:
            print(f"  {name}: ran out of time")
            continue
        if ended.codes != (0, 0) or ended.crashes:
            print(f"  GOOD BUNDLE FAILS {name}: {ended}")
    sample = random.Random(1).sample(outcome.mutants, min(count, len(outcome.mutants)))
    confirmed = refuted = real_total = real_foreseen = 0
    for name, bundle, foreseen in sample:
        try:
            ended = run(bundle, python)
        except subprocess.TimeoutExpired:
            print(f"  {name}: ran out of time")
            continue
        happened = {_wider(c) for c in ended.crashes}
        for crash in {_wider(c) for c in foreseen}:
            # These two end a subprocess without a traceback: only their messages tell.
            usage = crash.exception == "SystemExit(2)" and ended.usage_errors
            module = crash.exception == "ModuleNotFoundError" and ended.missing_modules
            if crash in happened or usage or module:
                confirmed += 1
            else:
                refuted += 1
                print(f"  REFUTED {name}: {crash}, but {sorted(map(str, happened))}")
        own = {c for c in happened if c.path != "src/main.py" or c.exception != "RuntimeError"}
        real_total += bool(own)
        real_foreseen += bool(own and foreseen)
    print(f"predicted crashes that happened at their line: {confirmed} of {confirmed + refuted}")
    print(f"bundles that crash for real, with a prediction: {real_foreseen} of {real_total}")


def _wider(crash: Crash) -> Crash:
    return Crash(NARROWER.get(crash.exception, crash.exception), crash.path, crash.line)

"""How well the static judge judges: precision, recall and time, for each rule and each defect.

    python bench/judge/run.py                     everything that needs no library
    python bench/judge/run.py --python PYTHON     also runs bundles for real, with a Python that has
                                                  numpy, matplotlib, pyyaml and torch
                                                  (`--predicted N --real N`: of how many broken
                                                  ones with and without a foretold crash)
    python bench/judge/run.py --only NAME         one kind of defect
    python bench/judge/run.py --bundles NAME      only the good bundles whose name holds this

Good bundles are those of `good.py`, bad ones those of `crafted.py` and every defect put into every
good bundle that it applies to. A miss is a defect that no rule meant for it reports at the severity
that it should have; an alarm is an error on a good or rewritten bundle. Both are listed.
"""

from __future__ import annotations

import argparse
import ast
import random
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from crafted import crafted_bundles
from defects import Defect, all_defects
from good import HYDRA, contract_of, good_bundles, hydra_good
from outcome import Outcome
from prediction import compare
from rewrites import REWRITES

from ohgw_tools.bundle import Bundle
from ohgw_tools.check import check
from ohgw_tools.finding import Finding

RANK = {"none": -1, "info": 0, "warning": 1, "error": 2}

# Why a kind of defect is not always found at the severity that it should have.
REASONS = {
    "body-pass": "`pass` in a function whose value nobody uses may be a hook that is meant to be"
    " empty, so it is no error",
}


def judge(bundle: Bundle) -> tuple[Finding, ...]:
    """Return all findings of the static judge."""
    return check(bundle, contract_of(bundle)).findings


def worst(findings: tuple[Finding, ...], rules: tuple[str, ...] | None = None) -> str:
    """Return the highest severity among the findings of the rules, `none` if there is none."""
    severities = [f.severity for f in findings if rules is None or f.rule in rules]
    return max(severities, key=RANK.__getitem__, default="none")


def errors(findings: tuple[Finding, ...]) -> list[str]:
    """Return the errors as lines."""
    return [f"{f.rule} {f.place} {f.message[:110]}" for f in findings if f.severity == "error"]


def good(bundles: dict[str, Bundle]) -> int:
    """Judge the good bundles; print and count the alarms."""
    alarms = {name: errors(judge(bundle)) for name, bundle in bundles.items()}
    bad = {name: found for name, found in alarms.items() if found}
    print(f"good bundles: {len(bundles)}, with an error: {len(bad)}")
    for name, found in bad.items():
        for line in found:
            print(f"  ALARM {name}: {line}")
    return len(bad)


def rewritten(bundles: dict[str, Bundle]) -> int:
    """Judge every rewrite of every good bundle; print and count those with a new error."""
    count, alarms = 0, 0
    for rewrite in REWRITES:
        for name, bundle in bundles.items():
            before = {(f.rule, f.subject) for f in judge(bundle) if f.severity == "error"}
            after = judge(rewrite(bundle, random.Random(name)))
            new = [f for f in after if f.severity == "error" and (f.rule, f.subject) not in before]
            count += 1
            alarms += bool(new)
            for line in errors(tuple(new)):
                print(f"  ALARM {name} {rewrite.__name__}: {line}")
    print(f"meaning-preserving rewrites: {count}, with a new error: {alarms}")
    return alarms


def injected(bundles: dict[str, Bundle], defects: list[Defect]) -> Outcome:
    """Put every defect into every bundle; print what each kind gives, with its misses."""
    outcome = Outcome()
    print(f"\n{'defect':28}{'n':>4}{'error':>7}{'warn+':>7}{'as meant':>10}")
    for defect in defects:
        worsts, misses = [], []
        for name, bundle in bundles.items():
            mutant = defect.change(bundle, random.Random(name + defect.name))
            if mutant is None:
                continue
            findings = judge(mutant)
            reached = worst(findings, defect.rules)
            worsts.append(reached)
            if RANK[reached] < RANK[defect.severity]:
                others = sorted({f.rule for f in findings if f.severity == "error"})
                misses.append(f"{name}: {reached}; other errors: {', '.join(others) or 'none'}")
            outcome.note(defect, name, mutant, findings)
        counts = [sum(RANK[w] >= RANK[s] for w in worsts) for s in ("error", "warning")]
        meant = len(worsts) - len(misses)
        print(f"{defect.name:28}{len(worsts):4}{counts[0]:7}{counts[1]:7}{meant:10}")
        for line in misses:
            print(f"    MISS {line}; {REASONS.get(defect.name, 'no reason is known')}")
        outcome.add(defect, worsts)
    return outcome


def crafted(outcome: Outcome) -> None:
    """Judge the bad bundles written by hand."""
    print("\nbad bundles by hand")
    for name, (bundle, rules) in crafted_bundles().items():
        findings = judge(bundle)
        reached = worst(findings, rules)
        print(
            f"  {'ok  ' if reached == 'error' else 'MISS'} {name}: {reached} by {', '.join(rules)}"
        )
        outcome.add(Defect(name, rules, lambda b, r: None), [reached])
        outcome.note(Defect(name, rules, lambda b, r: None), name, bundle, findings)


def timed(bundles: dict[str, Bundle]) -> None:
    """Print the CPU time of judging beside a bare ast.parse of the same files."""
    judging, parsing = [], []
    for bundle in bundles.values():
        start = time.process_time()
        judge(bundle)
        judging.append(time.process_time() - start)
        start = time.process_time()
        for text in (*bundle.derived.values(), *bundle.base.values()):
            if "import" in text and "dependencies" not in text:
                ast.parse(text)
        parsing.append(time.process_time() - start)
    ratio = sum(judging) / sum(parsing)
    median = sorted(judging)[len(judging) // 2] * 1000
    print(f"\ntime: {median:.0f} ms of CPU a bundle (median), {ratio:.1f} times a bare ast.parse")


def by_rule(outcome: Outcome) -> None:
    """Print for each rule how many errors it gave, and how many of them it was meant for."""
    given: Counter[str] = Counter()
    right: dict[str, int] = defaultdict(int)
    for rule, meant in outcome.errors:
        given[rule] += 1
        right[rule] += meant
    print(f"\n{'rule':28}{'bundles':>9}{'meant for it':>14}")
    for rule, count in sorted(given.items()):
        print(f"{rule:28}{count:9}{right[rule] / count:14.0%}")


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", help="a Python with numpy, matplotlib, pyyaml and torch")
    parser.add_argument("--only", help="one kind of defect")
    parser.add_argument("--bundles", default="", help="only bundles whose name holds this")
    parser.add_argument("--predicted", type=int, default=60, help="how many to run for real")
    parser.add_argument("--real", type=int, default=20, help="how many without a prediction")
    arguments = parser.parse_args()
    bundles = {n: b for n, b in good_bundles().items() if arguments.bundles in n}
    defects = [d for d in all_defects() if arguments.only in (None, d.name)]
    if not bundles or not defects:
        parser.error("no good bundle or no kind of defect has such a name")
    if not arguments.only:
        good({**bundles, HYDRA: hydra_good()} if arguments.bundles in HYDRA else bundles)
        rewritten(bundles)
    outcome = injected(bundles, defects)
    if not arguments.only:
        crafted(outcome)
        by_rule(outcome)
        timed(bundles)
    outcome.summary(len(defects), len(bundles))
    if arguments.python:
        counts = arguments.predicted, arguments.real
        compare(outcome.mutants, bundles, arguments.python, *counts)


if __name__ == "__main__":
    main()

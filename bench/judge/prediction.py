"""Predictions: the crashes that the judge foretells, held against what happens when bundles run."""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass

from real import Crash, Run, run

from ohgw_tools.bundle import Bundle
from ohgw_tools.finding import Finding

# Rules whose findings say that a program raises, at their line.
PREDICTING = ("certain-crash", "registry-gap", "result-key-gap", "thread-crash")
# What libraries raise where Python's own rules name a wider class.
NARROWER = {"UFuncTypeError": "TypeError", "_UFuncNoLoopError": "TypeError"}


@dataclass(frozen=True)
class Mutant:
    """A broken bundle, the crashes foretold for it, and the rules that gave an error."""

    name: str
    bundle: Bundle
    foreseen: frozenset[Crash]
    rules: frozenset[str]


@dataclass
class Tally:
    """What came of the predictions, and what crashed without one."""

    confirmed: int = 0
    refuted: int = 0
    unreached: int = 0
    crashed: int = 0
    foreseen: int = 0
    named: int = 0


def predictions(findings: tuple[Finding, ...]) -> frozenset[Crash]:
    """Return the crashes that findings predict as the first of their process."""
    found = set()
    for finding in findings:
        if finding.rule in PREDICTING and finding.hidden_by is None and finding.region is not None:
            exception = str(finding.data.get("exception", "KeyError"))
            found.add(Crash(exception, finding.path or "", finding.region.start_line))
    return frozenset(found)


def chosen(mutants: list[Mutant], predicted: int, others: int) -> list[Mutant]:
    """Return a sample of those with a prediction and of those without one, in mixed order."""
    rng = random.Random(1)
    with_one = [m for m in mutants if m.foreseen]
    without = [m for m in mutants if not m.foreseen]
    sample = rng.sample(with_one, min(predicted, len(with_one)))
    sample += rng.sample(without, min(others, len(without)))
    return rng.sample(sample, len(sample))


def compare(
    mutants: list[Mutant], good: dict[str, Bundle], python: str, predicted: int, others: int
) -> None:
    """Run good bundles and a sample of broken ones; print predicted crashes over real ones."""
    print("\nfor real", flush=True)
    for name, bundle in good.items():
        ended = _run(name, bundle, python)
        if ended is not None and (ended.codes != (0, 0) or ended.crashes):
            print(f"  GOOD BUNDLE FAILS {name}: {ended}", flush=True)
    tally, sample = Tally(), chosen(mutants, predicted, others)
    for number, mutant in enumerate(sample, 1):
        ended = _run(mutant.name, mutant.bundle, python)
        if ended is not None:
            _hold(tally, mutant, ended)
        if number % 20 == 0 or number == len(sample):
            _print(tally, number, len(mutants))


def _print(tally: Tally, number: int, count: int) -> None:
    total = tally.confirmed + tally.refuted
    print(f"broken bundles run: {number} of {count}")
    print(
        f"predicted crashes that happened at their line: {tally.confirmed} of {total}; not reached,"
        f" since one that was predicted for an earlier run ended the experiment: {tally.unreached}"
    )
    print(
        f"bundles that crash for real: {tally.crashed}, {tally.foreseen} of them with a prediction"
        f", {tally.named} with an error of any rule",
        flush=True,
    )


def _run(name: str, bundle: Bundle, python: str) -> Run | None:
    try:
        return run(bundle, python)
    except subprocess.TimeoutExpired:
        print(f"  {name}: ran out of time", flush=True)
        return None


def _hold(tally: Tally, mutant: Mutant, ended: Run) -> None:
    happened = {_wider(c) for c in ended.crashes}
    foreseen = {_wider(c) for c in mutant.foreseen}
    # The experiment ends with its first run that fails.
    stopped = any(ended.codes) and bool(foreseen & happened)
    for crash in foreseen:
        # These two end a subprocess without a traceback: only their messages tell.
        usage = crash.exception == "SystemExit(2)" and ended.usage_errors
        module = crash.exception == "ModuleNotFoundError" and ended.missing_modules
        if crash in happened or usage or module:
            tally.confirmed += 1
        elif stopped:
            tally.unreached += 1
            print(f"  NOT REACHED {mutant.name}: {crash}, behind {_shown(happened)}", flush=True)
        else:
            tally.refuted += 1
            print(f"  REFUTED {mutant.name}: {crash}, but {_shown(happened)}", flush=True)
    own = {c for c in happened if c.path != "src/main.py" or c.exception != "RuntimeError"}
    tally.crashed += bool(own)
    tally.foreseen += bool(own and mutant.foreseen)
    tally.named += bool(own and mutant.rules)
    if own and not mutant.foreseen:
        rules = ", ".join(sorted(mutant.rules)) or "none"
        print(f"  NOT PREDICTED {mutant.name}: {_shown(own)}; errors: {rules}", flush=True)


def _shown(crashes: set[Crash]) -> str:
    return ", ".join(sorted(f"{c.exception} at {c.path}:{c.line}" for c in crashes)) or "no crash"


def _wider(crash: Crash) -> Crash:
    return Crash(NARROWER.get(crash.exception, crash.exception), crash.path, crash.line)

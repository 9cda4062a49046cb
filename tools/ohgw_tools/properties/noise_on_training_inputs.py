"""noise-on-training-inputs: configured noise touches its share of training inputs, and no more."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from ohgw_tools.errors import CouldNotLook
from ohgw_tools.facts.experiment_facts import facts
from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.running.batch import Batch
from ohgw_tools.running.probe import KeyPath, Prober, Sample, uses_torch
from ohgw_tools.source.run_list import Run, leaves, runs
from ohgw_tools.subject import Subject

NAME = "noise-on-training-inputs"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = "Input noise of another share than stated, or in labels or validation data."

_KEY = re.compile(r"(?:.*_)?(?:noise|corruption|noisy)(?:_(?:ratio|rate|share|prob|level))?", re.I)


def applies(subject: Subject) -> bool:
    """Whether the text states a share of noise in inputs, and a smoke run has noise switched on."""
    return uses_torch(subject) and _noisy(subject) is not None


def check(prober: Prober) -> Iterator[Finding]:
    """Run the noisy variation as it is and without its noise, and compare what reaches model and
    loss, batch by batch.

    The share is measured on integers (tokens); inputs of floats must differ somewhere. Raises
    CouldNotLook where the order of the data depends on the noise, so that nothing can be compared.
    """
    found = _noisy(prober.subject)
    assert found is not None, "check() follows applies()"
    run, key, share = found
    noisy = prober.smoke(run)
    pairs = _pairs(noisy, prober.smoke(run, {key: 0.0}))
    if not any(one.mode == "eval" for one, _ in pairs):
        raise CouldNotLook(f"{run.id} does other things without its noise than with it")
    for kind, mode, what in (
        ("target", "train", "labels of training data"),
        ("target", "eval", "labels of validation data"),
        ("input", "eval", "validation inputs"),
    ):
        touched = _touched(pairs, kind, mode)
        if touched > max(0.3, 2 * share) and kind == "target" and mode == "train":
            raise CouldNotLook(f"{run.id} reads its data in another order without its noise")
        if touched > 0:
            said = (
                f"{touched:.1%} of the {what} change with the noise, which is for training inputs"
            )
            yield _finding(prober, run, key, said, touched)
            return
    touched = _touched(pairs, "input", "train")
    said = f"{touched:.1%} of the training inputs change with the noise, stated are {share:.0%}"
    if not touched or (_integers(noisy) and abs(touched - share) > _slack(noisy, share)):
        yield _finding(prober, run, key, said, touched)


def _noisy(subject: Subject) -> tuple[Run, KeyPath, float] | None:
    """The first smoke run with noise, its key, and the share that the text states for inputs."""
    stated = facts(subject.bundle).of("noise-ratio")
    shares = {float(f.value) for f in stated if "label" not in f.quote.lower()}
    if not shares:
        return None
    for run in runs(subject, "smoke"):
        for key, value in leaves(run.config):
            fits = key and _KEY.fullmatch(str(key[-1])) and "label" not in str(key[-1]).lower()
            if not fits or isinstance(value, bool) or not isinstance(value, int | float):
                continue
            if 0 < value < 1:
                return run, key, shares.pop() if len(shares) == 1 else float(value)
    return None


def _touched(pairs: list[tuple[Batch, Batch]], kind: str, mode: str) -> float:
    """The share of values that differ in batches of a kind."""
    values = [
        (a, b)
        for one, other in pairs
        if (one.kind, one.mode) == (kind, mode)
        for row_a, row_b in zip(one.by_row(), other.by_row(), strict=False)
        for a, b in zip(row_a, row_b, strict=False)
    ]
    return sum(a != b for a, b in values) / len(values) if values else 0.0


def _pairs(noisy: Sample, clean: Sample) -> list[tuple[Batch, Batch]]:
    """The batches that both runs begin with, to the end of the first evaluation: what comes later
    may depend on what that one said. Training data that is looked at without gradients is left out.
    """
    training = [b for b in clean.seen.batches if (b.kind, b.mode) == ("input", "train")]
    trained = {row for batch in training for row in batch.by_row()}
    found: list[tuple[Batch, Batch]] = []
    aside = evaluated = False
    for one, other in zip(noisy.seen.batches, clean.seen.batches, strict=False):
        if one[:3] != other[:3] or (evaluated and one.mode != "eval"):
            break
        if one.kind == "input":
            aside = one.mode == "eval" and trained.issuperset(other.by_row())
        if not aside:
            found.append((one, other))
            evaluated = evaluated or one.mode == "eval"
    return found


def _integers(sample: Sample) -> bool:
    return any(b.ints for b in sample.seen.batches if b.kind == "input")


def _slack(sample: Sample, share: float) -> float:
    """A quarter of the share, and four standard deviations of what chance makes of it."""
    count = sum(len(b.ints) for b in sample.seen.batches if b.kind == "input" and b.mode == "train")
    return 0.25 * share + 4 * math.sqrt(share * (1 - share) / max(1, count))


def _finding(prober: Prober, run: Run, key: KeyPath, message: str, share: float) -> Finding:
    quote = f"share that differs: {share:.4f}"
    return prober.subject.finding(
        __name__,
        f"{run.id}: {message}",
        run.path,
        (*run.key, *key),
        subject=run.id,
        evidence=(Evidence(kind="observation", path="batches", quote=quote),),
        data={"run": run.id, "key": ".".join(map(str, key)), "share": round(share, 4)},
    )

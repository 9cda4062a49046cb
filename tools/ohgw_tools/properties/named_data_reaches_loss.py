"""named-data-reaches-loss: the named dataset is asked for, and what it holds reaches the loss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ohgw_tools import catalogue
from ohgw_tools.catalogue import DatasetEntry
from ohgw_tools.errors import CouldNotLook
from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.properties.fails_without_data import twins
from ohgw_tools.running.batch import Batch
from ohgw_tools.running.probe import KeyPath, Prober, Sample, Setting, uses_torch
from ohgw_tools.running.supplied_data import can_supply, labels_of, supplied
from ohgw_tools.source.run_list import Run, runs
from ohgw_tools.subject import Subject

NAME = "named-data-reaches-loss"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = "The named dataset is never asked for, or what it holds never reaches the loss."

_WINDOW = 6  # tokens in a row that do not occur twice by chance
_REPEATED = 0.15


def applies(subject: Subject) -> bool:
    """Whether a run of both configurations names a dataset that can be supplied in small."""
    return uses_torch(subject) and any(_entry(dataset) is not None for _, dataset in twins(subject))


def check(prober: Prober) -> Iterator[Finding]:
    """Run a smoke run with the dataset section of its full twin and hand it a made-up dataset where
    it asks the hub for the named one; then again with another one of the same shape. Text, pictures
    and labels must arrive: text that says everything twice must do so in the targets of the loss,
    labels must be those that were handed out, and the other dataset must change them.
    """
    for run, dataset in twins(prober.subject):
        entry = _entry(dataset)
        if entry is None:
            continue
        changes: dict[KeyPath, object] = {("dataset",): dataset}
        one = _run(prober, run, entry, Setting(supply=supplied(entry, "a")), changes)
        if not one.seen.supplied:
            yield _finding(prober, run, entry, _unasked(entry, one), one)
            continue
        other = _run(prober, run, entry, Setting(supply=supplied(entry, "b")), changes)
        said = _ignored(entry, one, other)
        if said:
            yield _finding(prober, run, entry, said, one)


def _run(
    prober: Prober,
    run: Run,
    entry: DatasetEntry,
    setting: Setting,
    changes: dict[KeyPath, object],
) -> Sample:
    sample = prober.attempt(run, changes, setting)
    if not sample.execution.ok:
        last = sample.execution.stderr.text.strip().splitlines()[-1:] or [""]
        raise CouldNotLook(f"{run.id} does not end well on supplied {entry.name}: {last[0][:200]}")
    elsewhere = [name for name in sample.seen.datasets if not name.startswith("datasets:")]
    if not sample.seen.supplied and elsewhere:
        raise CouldNotLook(f"{run.id} takes {entry.name} from {elsewhere[0]}, not from the hub")
    if not targets(sample):
        raise CouldNotLook(f"{run.id} computes its loss in a way that is not observed")
    return sample


def targets(sample: Sample) -> list[Batch]:
    """The targets of losses that were trained on."""
    return [b for b in sample.seen.batches if b.kind == "target" and b.mode == "train"]


def _unasked(entry: DatasetEntry, sample: Sample) -> str:
    asked = ", ".join(sample.seen.datasets) or "no dataset at all"
    steps = sum(o.steps for o in sample.seen.optimizers)
    return (
        f"{entry.name} is never asked for: {steps} training steps, and what is asked for is {asked}"
    )


def _ignored(entry: DatasetEntry, one: Sample, other: Sample) -> str:
    """How what was supplied does not arrive; empty if it does."""
    same = [b.ints for b in targets(one)] == [b.ints for b in targets(other)]
    if same and (entry.task == "causal-lm" or _inputs(one) == _inputs(other)):
        return f"the loss sees the same targets whatever {entry.name} holds"
    if entry.task == "causal-lm":
        share = _repeated(one)
        if share >= _REPEATED:
            return ""
        return (
            f"the text of {entry.name} does not reach the loss: it says everything twice, and "
            f"{share:.0%} of the targets' pieces of {_WINDOW} tokens occur twice"
        )
    allowed, seen = labels_of(entry, "a"), {v for b in targets(one) for v in b.ints}
    if seen - allowed:
        return (
            f"labels {sorted(seen - allowed)[:6]} reach the loss, and the {entry.name} that was "
            f"supplied holds {sorted(allowed)[:6]} alone"
        )
    if _inputs(one) == _inputs(other):
        return f"the model sees the same inputs whatever {entry.name} holds"
    return ""


def _inputs(sample: Sample) -> list[tuple[object, ...]]:
    return [
        (b.ints, b.rows) for b in sample.seen.batches if b.kind == "input" and b.mode == "train"
    ]


def _repeated(sample: Sample) -> float:
    """The share of pieces of the targets that occur in two places of different rows of data."""
    rows = dict.fromkeys(row for batch in paired_targets(sample) for row in batch)
    pieces: Counter[tuple[float, ...]] = Counter()
    for row in rows:
        pieces.update(row[i : i + _WINDOW] for i in range(len(row) - _WINDOW + 1))
    whole = sum(pieces.values())
    return sum(n for n in pieces.values() if n > 1) / whole if whole else 0.0


def paired_targets(sample: Sample) -> Iterator[list[tuple[float, ...]]]:
    """The rows of each training target, cut as the batch that went into the model before it."""
    rows = None
    for batch in sample.seen.batches:
        if batch.kind == "input":
            rows = batch.shape[0] if batch.shape else None
        elif batch.mode == "train":
            fits = rows and batch.shape and len(batch.ints) % rows == 0 and len(batch.shape) == 1
            yield batch.by_row(rows if fits else None)


def _entry(dataset: dict[str, object]) -> DatasetEntry | None:
    config = dataset.get("config") or dataset.get("subset")
    entry = catalogue.dataset(str(dataset.get("name")), str(config) if config else None)
    return entry if entry is not None and can_supply(entry) else None


def _finding(
    prober: Prober, run: Run, entry: DatasetEntry, message: str, sample: Sample
) -> Finding:
    losses = [round(b.loss, 4) for b in targets(sample) if b.loss is not None][:4]
    evidence = Evidence(
        kind="observation", path="loss", quote=f"losses {losses}; asked for {sample.seen.datasets}"
    )
    full = runs(prober.subject, "full")[0]
    return prober.subject.finding(
        __name__,
        f"{run.id}: {message}",
        full.path,
        (*full.key, "dataset"),
        subject=entry.name,
        evidence=(evidence,),
        data={"dataset": entry.name, "run": run.id},
    )

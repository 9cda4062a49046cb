"""Batch: many bundles through one command; goes on where it stopped, does nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from pydantic import BaseModel, Field

from ohgw_agent.batch.arbiter import Arbiter
from ohgw_agent.batch.foreman import Foreman
from ohgw_agent.batch.item import BatchPlan, Item, looked_at
from ohgw_agent.batch.results import Results, Row
from ohgw_tools.errors import TraceError
from ohgw_tools.frozen import FROZEN


class Summary(BaseModel):
    """What came of a batch: how many bundles ended how, and what the batch spent.

    `skipped` counts bundles that an earlier batch had finished, `twins` those that had the same
    bytes as another one; both are among `stops`. `shared_answers` counts questions that were
    answered from another bundle's record.
    """

    model_config = FROZEN

    bundles: int
    stops: dict[str, int] = Field(default_factory=dict)
    ready: int = 0
    skipped: int = 0
    twins: int = 0
    tokens: int = 0
    micro_usd: int = 0
    calls: int = 0
    shared_answers: int = 0

    @property
    def exit_code(self) -> int:
        """0: all are ready; 5: some could not be run; 1: some are not ready."""
        broken = {"could not run", "model failed", "sandbox failed", "bad input"}
        if broken & set(self.stops):
            return 5
        return 0 if self.ready == self.bundles else 1


def run_batch(
    plan: BatchPlan,
    places: Iterable[str],
    results_path: Path,
    *,
    progress: Callable[[Row, int], None] = lambda row, left: None,
) -> Summary:
    """Do all bundles and return the summary; each result is on disk before the next is looked at.

    `progress` is told each row and how many bundles are left. Raises RunBusy if another batch
    writes the same results, InputError for a list or results that cannot be read.
    """
    results = Results(results_path)
    try:
        return _run(plan, places, results, progress)
    finally:
        results.close()


def _run(
    plan: BatchPlan,
    places: Iterable[str],
    results: Results,
    progress: Callable[[Row, int], None],
) -> Summary:
    items = [looked_at(place) for place in places]
    configuration = plan.configuration
    todo: dict[str, Item] = {}
    skipped: set[str] = set()
    for item in items:
        if item.fault:
            _refuse(item, configuration, results)
        elif results.finished(item.digest, configuration):
            skipped.add(item.digest)
        else:
            todo.setdefault(item.digest, item)
    arbiter = Arbiter(plan)
    _learn(plan, results, arbiter)
    left = len(todo)

    def told(row: Row) -> None:
        nonlocal left
        left -= 1
        progress(row, left)

    Foreman(plan, results, arbiter).run(list(todo.values()), told)
    return _summary(items, configuration, results, arbiter, skipped)


def _refuse(item: Item, configuration: str, results: Results) -> None:
    """Note an input that is no bundle, under its place, since it has no digest."""
    key = f"no bundle: {item.place}"
    row = {"bundle": item.place, "digest": key, "configuration": configuration}
    results.add({**row, "stop": "bad input", "exit_code": 2, "why": item.fault})


def _learn(plan: BatchPlan, results: Results, arbiter: Arbiter) -> None:
    """Take up the answers that earlier batches of these results were given."""
    if plan.settings.proposing is None:
        return
    from ohgw_agent.trace.reader import Reader

    for run in set(results.begun.values()):
        try:
            reader = Reader(plan.runs_dir / run)
            for event in reader.of_kind("model.reply"):
                reply = reader.blobs.get(str(event.data["reply_blob"])).decode()
                arbiter.learn(str(event.data["key"]), reply)
        except (OSError, TraceError):
            continue  # a record that is gone or damaged can answer nothing


def _summary(
    items: list[Item],
    configuration: str,
    results: Results,
    arbiter: Arbiter,
    skipped: set[str],
) -> Summary:
    digests = [item.digest or f"no bundle: {item.place}" for item in items]
    rows = [results.rows[(digest, configuration)] for digest in digests]
    return Summary(
        bundles=len(items),
        stops=dict(Counter(str(row["stop"]) for row in rows)),
        ready=sum(bool(row.get("ready")) for row in rows),
        skipped=sum(digest in skipped for digest in digests),
        twins=len(digests) - len(set(digests)),
        tokens=arbiter.spent.tokens,
        micro_usd=arbiter.spent.micro_usd,
        calls=arbiter.spent.calls,
        shared_answers=arbiter.spent.shared,
    )

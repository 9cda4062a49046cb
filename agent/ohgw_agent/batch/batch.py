"""Batch: many bundles through one command; goes on where it stopped, does nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from pydantic import BaseModel, Field

from ohgw_agent.batch import engines
from ohgw_agent.batch.arbiter import Arbiter
from ohgw_agent.batch.asker import Asker, begin_importing
from ohgw_agent.batch.foreman import Foreman
from ohgw_agent.batch.item import BatchPlan, Item, looked_at
from ohgw_agent.batch.results import Results, Row, key_of
from ohgw_agent.batch.shelf import Shelf
from ohgw_tools.errors import InputError, TraceError
from ohgw_tools.frozen import FROZEN


class Summary(BaseModel):
    """What came of a batch: how many bundles ended how, and what the batch spent.

    `skipped` counts bundles that an earlier batch had finished, `twins` those that had the same
    bytes as another one; both are among `stops`. `shared_answers` counts questions that were
    answered from another bundle's record. `earlier_*` is what earlier sessions of the batch paid,
    which its caps count too.
    """

    model_config = FROZEN

    bundles: int
    stops: dict[str, int] = Field(default_factory=dict)
    ready: int = 0
    skipped: int = 0
    twins: int = 0
    tokens: int = 0
    micro_usd: int = 0
    earlier_tokens: int = 0
    earlier_micro_usd: int = 0
    calls: int = 0
    shared_answers: int = 0
    rules: dict[str, int] = Field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0: all are ready; 5: some could not be run; 1: some are not ready."""
        broken = {"could not run", "model failed", "sandbox failed", "bad input"}
        if broken & set(self.stops):
            return 5
        return 0 if self.ready == self.bundles else 1


Progress = Callable[[Row, int], None]


def run_batch(
    plan: BatchPlan,
    places: Iterable[str],
    results_path: Path,
    *,
    progress: Progress = lambda row, left: None,
) -> tuple[Summary, list[Row]]:
    """Do all bundles; return the summary, and for each place of the list, in its order, the row and
    the facts. Each result is on disk before the next is looked at.

    `progress` is told each row and how many bundles are left. Raises RunBusy if another batch
    writes the same results, InputError for a list or results that cannot be read, EngineFailed if
    the cluster cannot be reached.
    """
    shelf = Shelf(plan.store) if plan.store is not None else None
    results = Results(results_path, plan.configuration, shelf)
    try:
        return _run(plan, places, results, progress)
    finally:
        results.close()


def _run(
    plan: BatchPlan, places: Iterable[str], results: Results, progress: Progress
) -> tuple[Summary, list[Row]]:
    configuration = plan.configuration
    items: list[Item] = []
    todo: dict[str, Item] = {}
    skipped: set[str] = set()
    for item in map(looked_at, places):
        items.append(item)
        if item.fault:
            _refuse(item, configuration, results)
        elif results.finished(item.digest, configuration):
            skipped.add(item.digest)
        else:
            if not todo:
                _begin(plan)
            todo.setdefault(item.digest, item)
    arbiter = Arbiter(plan)
    if todo:
        _learn(plan, results, arbiter)
        _work(plan, list(todo.values()), results, arbiter, progress)
    rows = results.settle(items)
    told = [{**results.facts.get(key_of(row), {}), **row} for row in rows]
    return _summary(rows, items, arbiter, skipped), told


def _begin(plan: BatchPlan) -> None:
    """Start what takes time: it goes on while the rest of the list is read."""
    engines.begin(plan)
    if not plan.judge_only:
        begin_importing(plan)


def _work(
    plan: BatchPlan, todo: list[Item], results: Results, arbiter: Arbiter, progress: Progress
) -> None:
    left = len(todo)

    def told(row: Row) -> None:
        nonlocal left
        left -= 1
        progress(row, left)

    plan = plan.model_copy(update={"jobs": min(plan.jobs, len(todo))})
    asker = Asker(plan, results.shelf)
    Foreman(plan, results, arbiter, asker, engines.workforce(plan)).run(todo, told)


def _refuse(item: Item, configuration: str, results: Results) -> None:
    """Note an input that is no bundle, under its place, since it has no digest."""
    row = {"bundle": item.place, "digest": item.key, "configuration": configuration}
    results.add({**row, "stop": "bad input", "exit_code": 2, "ready": False, "why": item.fault})


def _learn(plan: BatchPlan, results: Results, arbiter: Arbiter) -> None:
    """Take up the answers that earlier sessions of this batch were given, and what they cost."""
    if plan.settings.proposing is None:
        return
    from ohgw_agent.trace.reader import Reader

    paid: set[str] = set()
    for (digest, configuration), run in results.begun.items():
        ours = configuration == plan.configuration
        try:
            reader = Reader(plan.runs_dir / run)
            for event in reader.of_kind("model.reply"):
                key = str(event.data["key"])
                if ours and key not in paid:
                    tokens = event.data["input_tokens"], event.data["output_tokens"]
                    arbiter.spent.earlier_tokens += sum(int(str(t)) for t in tokens)
                    arbiter.spent.earlier_micro_usd += int(str(event.data["micro_usd"] or 0))
                    paid.add(key)
                arbiter.learn(key, reader.blobs.get(str(event.data["reply_blob"])).decode())
        except (OSError, TraceError, InputError):
            # A record that is gone, damaged or on another machine can answer nothing.
            spend = results.facts.get((digest, configuration), {}).get("spend", {}) if ours else {}
            arbiter.spent.earlier_tokens += spend.get("input_tokens", 0)
            arbiter.spent.earlier_tokens += spend.get("output_tokens", 0)
            arbiter.spent.earlier_micro_usd += spend.get("micro_usd", 0)


def _summary(rows: list[Row], items: list[Item], arbiter: Arbiter, skipped: set[str]) -> Summary:
    spent = arbiter.spent
    return Summary(
        bundles=len(rows),
        stops=dict(sorted(Counter(str(row["stop"]) for row in rows).items())),
        ready=sum(bool(row.get("ready")) for row in rows),
        skipped=sum(item.digest in skipped for item in items),
        twins=len(items) - len({item.key for item in items}),
        tokens=spent.tokens,
        micro_usd=spent.micro_usd,
        earlier_tokens=spent.earlier_tokens,
        earlier_micro_usd=spent.earlier_micro_usd,
        calls=spent.calls,
        shared_answers=spent.shared,
        rules=dict(Counter(rule for row in rows for rule in row.get("rules", ())).most_common()),
    )

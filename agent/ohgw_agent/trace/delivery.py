"""Delivery: what a run delivers, as the values that tools write down: bundle, judgement, report."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ohgw_agent.trace.fields import mapping, strings, text
from ohgw_agent.trace.history import History
from ohgw_agent.trace.judged import Candidate

if TYPE_CHECKING:
    from ohgw_tools.report import Report
    from ohgw_tools.verdict import Judgement, Stage


def judgement(history: History, attempt: Candidate | None = None) -> Judgement:
    """Return all that was said of an attempt (the delivered one). Raises TraceDamaged where the
    record holds what no judgement can.
    """
    from ohgw_tools.errors import TraceDamaged
    from ohgw_tools.verdict import Judgement

    chosen = attempt or history.best
    said = tuple(s.verdict for s in chosen.verdicts) if chosen else ()
    required = cast("tuple[Stage, ...]", strings(history.start, "required"))
    tree = chosen.tree if chosen else history.input_tree
    try:
        return Judgement(tree=tree, verdicts=said, required=required)
    except ValueError as error:
        raise TraceDamaged(f"run {history.id}: what was required cannot be read") from error


def report(history: History, attempt: Candidate | None = None) -> Report:
    """Return an attempt's judgement (the delivered one's) with the bundle that it is of. Files that
    held a secret are in their redacted form.
    """
    from ohgw_tools.bundle import Bundle, Experiment
    from ohgw_tools.report import Report

    found = judgement(history, attempt)
    given = mapping(history.start, "bundle")
    reader = history.reader
    bundle = Bundle(
        base=reader.tree(text(given, "base_tree"), allow_redacted=True),
        derived=reader.tree(found.tree, allow_redacted=True),
        experiment=Experiment(id=text(history.start, "experiment") or history.id),
    )
    contract = text(mapping(history.start, "contract"), "name")
    return Report(judgement=found, bundle=bundle, contract=contract or "contract")

"""Here: the engine that needs nothing: workers are processes of this machine."""

from __future__ import annotations

from ohgw_agent.batch import processes
from ohgw_agent.batch.item import BatchPlan
from ohgw_agent.batch.workforce import Workforce


def begin(plan: BatchPlan) -> None:
    """Let what workers need be imported while the list is read."""
    processes.begin(plan)


def workforce(plan: BatchPlan) -> Workforce:
    """Return workers on this machine, at most `plan.jobs`."""
    return processes.Processes(plan, plan.jobs)

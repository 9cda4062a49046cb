"""Here: the engine that needs nothing: workers are processes of this machine."""

from __future__ import annotations

from ohgw_agent.batch.item import BatchPlan
from ohgw_agent.batch.processes import Processes
from ohgw_agent.batch.workforce import Workforce


def workforce(plan: BatchPlan) -> Workforce:
    """Return workers on this machine, at most `plan.jobs`."""
    return Processes(plan, plan.jobs)

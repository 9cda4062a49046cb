"""Engines: each module here is one, and has `begin(plan)` and `workforce(plan)`. Found by being
there.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any, cast

from ohgw_agent.batch.item import BatchPlan
from ohgw_agent.batch.workforce import Workforce
from ohgw_tools.errors import InputError


def names() -> tuple[str, ...]:
    """Return the names of the engines."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def begin(plan: BatchPlan) -> None:
    """Let the engine that the plan names start what takes time, and return. Raises InputError."""
    _engine(plan).begin(plan)


def workforce(plan: BatchPlan) -> Workforce:
    """Return the workforce of the engine that the plan names. Raises InputError, EngineFailed."""
    return cast(Workforce, _engine(plan).workforce(plan))


def _engine(plan: BatchPlan) -> Any:
    if plan.engine not in names():
        raise InputError(f"--engine {plan.engine}: use one of {', '.join(names())}")
    return import_module(f"{__name__}.{plan.engine}")

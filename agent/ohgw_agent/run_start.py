"""RunStart: the first event of a run, from which everything else can be done again."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from typing import Any, cast

from ohgw_agent.budget import Budget
from ohgw_agent.loop_context import Execution
from ohgw_agent.settings import Settings
from ohgw_agent.stop import StopReason
from ohgw_agent.trace.event import Event
from ohgw_agent.trace.run import Run
from ohgw_tools import ruleset
from ohgw_tools.bundle import Bundle
from ohgw_tools.bundles import bundle_file
from ohgw_tools.contract import Contract
from ohgw_tools.errors import BundleError, InputError
from ohgw_tools.verdict import Stage

# A run that ended for one of these reasons may go on once the reason is gone.
RESUMABLE: frozenset[StopReason] = frozenset(
    ("undecided", "model failed", "sandbox failed", "interrupted")
)


def beginning(
    bundle: Bundle,
    contract: Contract,
    settings: Settings,
    chosen: Execution,
    required: tuple[Stage, ...],
) -> dict[str, Any]:
    """Return the data of `run.start`: bytes become blobs, trees become manifests."""
    roles = (settings.proposing, *settings.also_proposing, settings.reviewing)
    models = [m.model for m in roles if m is not None]
    return {
        "tool": "ohgw-agent",
        "version": version("ohgw-agent"),
        "bundle": {
            "digest": bundle.digest,
            "base_tree": bundle.base,
            "derived_tree": bundle.derived,
            "rest_blob": bundle_file.dumps(bundle).encode(),
        },
        "experiment": bundle.experiment.id,
        "contract": {
            "name": contract.name,
            "version": contract.version,
            "contract_blob": contract.model_dump_json().encode(),
        },
        "settings_blob": settings.model_dump_json().encode(),
        "rules_digest": ruleset.digest(),
        "required": list(required),
        "budget": _whole_numbers(settings.budget),
        "sandbox": chosen.sandbox.name if chosen.sandbox else "none",
        "proposers": [settings.proposer],
        "models": models,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "label": settings.label,
        "external_tracing": settings.otel is not None,
    }


def read_start(run: Run) -> tuple[Bundle, Contract, Settings]:
    """Return what the run was begun with. Raises TraceDamaged, InputError."""
    data = _start(run)
    try:
        bundle = bundle_file.parse(run.blobs.get(data["bundle"]["rest_blob"]).decode(), run.id)
        whole = bundle.digest == data["bundle"]["digest"]
    except BundleError:
        if "redactions" not in data:
            raise
        whole = False  # a placeholder in a file's name
    if not whole:
        raise InputError(
            f"run {run.id}: the bundle held a secret that was not written down, "
            "so it cannot go on from the record: run `ohgw-agent fix` again"
        )
    contract = Contract.model_validate_json(run.blobs.get(data["contract"]["contract_blob"]))
    settings = Settings.model_validate_json(run.blobs.get(data["settings_blob"]))
    return bundle, contract, settings


def check_same(run: Run, force: bool) -> list[str]:
    """Return what differs from the start. Raises InputError if anything does, unless forced."""
    data = _start(run)
    now = {"version": version("ohgw-agent"), "rules_digest": ruleset.digest()}
    changed = [name for name, value in now.items() if data[name] != value]
    if changed and not force:
        raise InputError(
            f"run {run.id} was begun with another {' and '.join(changed)}: its verdicts may not "
            "hold. Give --force to go on all the same (it is recorded), or start a new run"
        )
    return changed


def ended(run: Run) -> StopReason | None:
    """Return why the run ended, or None if it has not."""
    event = last(run, "run.end")
    return None if event is None else cast(StopReason, event.data["stop"])


def last(run: Run, kind: str) -> Event | None:
    """Return the last event of a kind, or None."""
    return next((e for e in reversed(run.events) if e.kind == kind), None)


def _start(run: Run) -> dict[str, Any]:
    event = last(run, "run.start")
    if event is None:
        raise InputError(f"run {run.id} has no beginning: start a new run")
    return cast(dict[str, Any], event.data)


def _whole_numbers(budget: Budget) -> dict[str, int | None]:
    data = json.loads(budget.model_dump_json())
    return {
        "attempts": data["attempts"],
        "calls": data["calls"],
        "tokens": data["tokens"],
        "ms": _scaled(data["seconds"], 1000),
        "sandbox_ms": _scaled(data["sandbox_seconds"], 1000),
        "micro_usd": _scaled(data["usd"], 1_000_000),
    }


def _scaled(value: float | None, factor: int) -> int | None:
    return None if value is None else round(value * factor)

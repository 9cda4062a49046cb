"""PipelineNode: the loop as one node of another LangGraph, for its judge and regenerator."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ohgw_agent.repair import fix
from ohgw_agent.settings import Settings
from ohgw_tools.bundles import bundle_file

State = Mapping[str, Any]


def repair_node(
    settings: Settings | None = None, **options: Any
) -> Callable[[State], dict[str, Any]]:
    """Return a node for pipelines whose state holds `new_method` and `current_experiment` with its
    `code`, as the original pipeline's does.

    The node gives back `current_experiment` with the repaired code, the verdict's two keys
    (`is_experiment_code_ready`, `experiment_code_issue`) and, beyond what that pipeline knew,
    `repair`: run id, stop reason, exit code and the record's head. Code that is not ready says so:
    what is pushed on is the pipeline's choice, and no longer a silent one.
    """

    def repair(state: State) -> dict[str, Any]:
        given = {k: state[k] for k in ("new_method", "current_experiment") if k in state}
        bundle = bundle_file.parse(json.dumps(given), "state")
        trace = fix(bundle, settings, **options)
        repaired = json.loads(bundle_file.dumps(trace.bundle))
        issue = trace.judgement.seed_form()["experiment_code_issue"] if trace.judgement else ""
        return {
            "current_experiment": repaired["current_experiment"],
            "is_experiment_code_ready": trace.ready,
            "experiment_code_issue": issue or ("" if trace.ready else trace.why),
            "repair": {
                "run": trace.run_id,
                "stop": trace.stop,
                "exit_code": trace.exit_code,
                "head": trace.head,
            },
        }

    return repair

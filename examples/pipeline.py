"""The pipeline that such bundles come from, with our loop as its judge and regenerator.

It used to be: generate an experiment's code, ask a model "is it ready?", regenerate all files if
not, at most N times, and push whatever there is. Here generating stays the pipeline's own; one node
judges on evidence and repairs with small patches, at most N of them; and `push` is told whether
what it gets is ready, and if not, why.

    python examples/pipeline.py examples/quickstart.json --attempts 10

needs no model: recipes do what they are certain of. With OPENAI_API_KEY set, add --model NAME.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, TypedDict, Unpack

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from ohgw_agent import Budget, ModelSettings, Notice, Settings, load, repair_node
from ohgw_agent.fix_options import FixOptions
from ohgw_agent.pipeline_node import RepairRecord


class State(TypedDict, total=False):
    """The pipeline's state. All keys but `source`, `repair` and `pushed_to` are the original's."""

    source: str
    new_method: dict[str, Any]
    current_experiment: dict[str, Any]
    is_experiment_code_ready: bool
    experiment_code_issue: str
    repair: RepairRecord
    pushed_to: str


def generate(state: State) -> State:
    """Stand in for the pipeline's generator: take what it wrote from a bundle's file."""
    bundle = load(state["source"])
    return {
        "new_method": {
            "method": bundle.method,
            "experimental_design": {
                "experiment_strategy": bundle.strategy,
                "base_code": dict(bundle.base),
            },
        },
        "current_experiment": {
            "experiment_id": bundle.experiment.id,
            "description": bundle.experiment.description,
            "run_variations": list(bundle.experiment.run_variations),
            "code": dict(bundle.derived),
        },
    }


def push(state: State) -> State:
    """Stand in for the push: what is not ready goes to a branch of its own, never unmarked."""
    return {"pushed_to": "main" if state["is_experiment_code_ready"] else "not-ready"}


def build(
    settings: Settings, **options: Unpack[FixOptions]
) -> CompiledStateGraph[State, None, State, State]:
    """Return the pipeline: generate, repair, push."""
    graph = StateGraph(State)
    graph.add_node("generate", generate)
    graph.add_node("repair", repair_node(settings, **options))
    graph.add_node("push", push)
    graph.add_edge(START, "generate")
    graph.add_edge("generate", "repair")
    graph.add_edge("repair", "push")
    graph.add_edge("push", END)
    return graph.compile()


def main() -> int:
    """Run the pipeline on one bundle; print what happens on stderr and what came of it on stdout.

    Returns the exit code that `ohgw-agent fix` would: 0 only if what was pushed is ready.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("source", type=Path, help="a bundle's JSON file, or an unpacked folder")
    parser.add_argument("--attempts", type=int, default=10, help="patches at most (default: 10)")
    parser.add_argument("--model", help="a chat model; its key comes from OPENAI_API_KEY")
    parser.add_argument("--static-only", action="store_true", help="judge without running code")
    arguments = parser.parse_args()
    settings = Settings(
        budget=Budget(attempts=arguments.attempts),
        proposing=ModelSettings(model=arguments.model) if arguments.model else None,
        static_only=arguments.static_only,
    )
    final: Any = {}
    pipeline = build(settings)
    for mode, item in pipeline.stream(
        {"source": str(arguments.source)}, stream_mode=["custom", "values"]
    ):
        if isinstance(item, Notice):
            print(f"{item.kind:9} {item.stage:8} {item.status} {item.text}", file=sys.stderr)
        elif mode == "values":
            final = item
    keys = ("is_experiment_code_ready", "experiment_code_issue", "repair", "pushed_to")
    print(json.dumps({key: value for key, value in final.items() if key in keys}, indent=2))
    code: int = final["repair"]["exit_code"]
    return code


if __name__ == "__main__":
    sys.exit(main())

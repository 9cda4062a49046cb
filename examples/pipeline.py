"""The pipeline that such bundles come from, with our loop as its judge and regenerator.

It used to be: generate, ask a model "is it ready?", regenerate all files, at most N times, and push
whatever there is. Here `generate` stays the pipeline's own, one node repairs, and `push` is told
whether what it gets is ready.

    python examples/pipeline.py examples/quickstart.json
"""

import json
import sys
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

from ohgw_agent import Budget, Settings
from ohgw_agent.pipeline_node import repair_node


class State(TypedDict, total=False):
    source: str
    new_method: dict[str, Any]
    current_experiment: dict[str, Any]
    is_experiment_code_ready: bool
    experiment_code_issue: str
    repair: dict[str, Any]
    pushed: str


def generate(state: State) -> dict[str, Any]:
    """Stand in for the pipeline's generator: read what it wrote."""
    with open(state["source"], encoding="utf-8") as file:
        data = json.load(file)
    if "derived" in data:  # the flat shape, put into the pipeline's
        experiment = data["experiment"]
        return {
            "new_method": {
                "method": data["method"],
                "experimental_design": {
                    "experiment_strategy": data["strategy"],
                    "base_code": data["base"],
                },
            },
            "current_experiment": {
                "experiment_id": experiment["id"],
                "description": experiment["description"],
                "run_variations": experiment["run_variations"],
                "code": data["derived"],
            },
        }
    return {key: data[key] for key in ("new_method", "current_experiment")}


def push(state: State) -> dict[str, Any]:
    """Push what is ready; what is not goes to a branch of its own, with the reasons."""
    branch = "main" if state["is_experiment_code_ready"] else "not-ready"
    return {"pushed": branch}


def build(settings: Settings, **options: Any):
    graph = StateGraph(State)
    graph.add_node("generate", generate)
    graph.add_node("repair", repair_node(settings, **options))
    graph.add_node("push", push)
    graph.add_edge(START, "generate")
    graph.add_edge("generate", "repair")
    graph.add_edge("repair", "push")
    graph.add_edge("push", END)
    return graph.compile()


if __name__ == "__main__":
    pipeline = build(Settings(budget=Budget(attempts=10)))
    final = pipeline.invoke({"source": sys.argv[1]})
    print(final["pushed"], final["repair"], final["experiment_code_issue"], sep="\n")

"""The loop as a LangGraph state machine. State holds digests and small JSON; what is used, not
changed, is in the context.

    START -> apply -> check -> run -> review -> record -> propose -> apply ...
               |        |       |                 |  ^       |
               +--------+-------+-----------------|--+       +-> END
                 a stage that is not a pass       +-> END

Where several candidates are asked for, `propose` leads to `compare`, which judges them all without
running them, and `choose` sends the most promising on to `run`; `record` goes back to `choose`
until a candidate is nearer to ready than the tree that it came from, or none is left.
"""

# Types in signatures are read by LangGraph at run time: they must be real imports.
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from ohgw_agent import stages
from ohgw_agent.candidate import apply_patch
from ohgw_agent.ending import Ending, after_attempt
from ohgw_agent.loop_context import LoopContext
from ohgw_agent.memory import best_attempt, record_attempt
from ohgw_agent.notice import Notice
from ohgw_agent.round import ask_round, judge_round
from ohgw_tools.edit import Patch
from ohgw_tools.errors import BudgetSpent, ModelError
from ohgw_tools.verdict import Verdict


class State(TypedDict):
    """Where a run stands. `tree` and `parent` are digests of trees; `patch`, `refusal`, `verdicts`
    and `attempts` digests of values in the archive; `best` is the number of the best attempt;
    `repeats` counts rounds in a row that brought nothing new. `round` is the number of the round's
    first attempt, `waiting` its candidates whose turn is yet to come.
    """

    number: int
    tree: str
    parent: str | None
    patch: str | None
    refusal: str | None
    verdicts: list[str]
    attempts: list[str]
    best: int
    repeats: int
    round: int
    waiting: list[dict[str, Any]]
    stop: str | None
    why: str


def first_state(tree: str) -> State:
    """The state before anything has been judged: attempt 0 is the input as it came."""
    return State(
        number=0,
        tree=tree,
        parent=None,
        patch=None,
        refusal=None,
        verdicts=[],
        attempts=[],
        best=0,
        repeats=0,
        round=0,
        waiting=[],
        stop=None,
        why="",
    )


def apply(state: State, runtime: Runtime[LoopContext]) -> dict[str, Any]:
    """Apply the proposed patch to the best tree, whole or not at all; guard what it changed."""
    context = runtime.context
    if state["number"] == 0:
        return {}
    outcome = apply_patch(
        context, state["number"], str(state["parent"]), state["patch"], state["refusal"]
    )
    verdict = stages.patch_verdict(context, state["number"], outcome.tree, outcome.verdict)
    return {"tree": outcome.tree, "verdicts": [verdict]}


def check(state: State, runtime: Runtime[LoopContext]) -> dict[str, Any]:
    """Judge the tree without running it."""
    verdict = stages.static(runtime.context, state["number"], state["tree"])
    return {"verdicts": [*state["verdicts"], verdict]}


def run(state: State, runtime: Runtime[LoopContext]) -> dict[str, Any]:
    """Run the smoke test in the sandbox."""
    try:
        verdict = stages.sandbox(runtime.context, state["number"], state["tree"])
    except BudgetSpent as error:
        return {"stop": "exhausted", "why": f"{error.resource}: {error}"}
    return {"verdicts": [*state["verdicts"], verdict]}


def review(state: State, runtime: Runtime[LoopContext]) -> dict[str, Any]:
    """Ask the reviewer about what machines cannot judge."""
    before = tuple(runtime.context.archive.value(Verdict, v) for v in state["verdicts"])
    try:
        verdict = stages.review(runtime.context, state["number"], state["tree"], before)
    except BudgetSpent as error:
        return {"stop": "exhausted", "why": f"{error.resource}: {error}"}
    except ModelError as error:
        return {"stop": "model failed", "why": str(error)}
    return {"verdicts": [*state["verdicts"], verdict]}


def record(state: State, runtime: Runtime[LoopContext]) -> dict[str, Any]:
    """Make the attempt of all that was said, compare it with the best, and see whether to end."""
    context = runtime.context
    attempt, digest = record_attempt(context, dict(state))
    ending: Ending = after_attempt(context, attempt, dict(state))
    digests, waiting = [digest], state["waiting"]
    stop = state["stop"] or ending.stop
    if stop is not None or ending.best == attempt.number:
        digests += [record_attempt(context, {**state, **w}, over=True)[1] for w in waiting]
        waiting = []
    return {
        "attempts": [*state["attempts"], *digests],
        "best": ending.best,
        "repeats": ending.repeats,
        "waiting": waiting,
        "stop": stop,
        "why": state["why"] or ending.why,
    }


def propose(state: State, runtime: Runtime[LoopContext]) -> dict[str, Any]:
    """Ask the proposers, in order, for patches to the best tree."""
    context = runtime.context
    first = len(state["attempts"])
    parent = best_attempt(context, dict(state)).tree
    try:
        asked = ask_round(context, dict(state))
    except BudgetSpent as error:
        return {"stop": "exhausted", "why": f"{error.resource}: {error}"}
    except ModelError as error:
        return {"stop": "model failed", "why": str(error)}
    if not asked:
        return {"stop": "given up", "why": "no proposer has anything left to try"}
    for number, each in enumerate(asked, first):
        context.ledger.charge(f"attempt {number}", attempts=1)
        text = context.archive.value(Patch, each.patch).note if each.patch else "unreadable"
        context.tell(Notice(kind="proposal", number=number, text=text, status=each.origin))
    candidates: list[dict[str, Any]] = [
        {"number": number, "patch": each.patch, "refusal": each.refusal}
        for number, each in enumerate(asked, first)
    ]
    one: dict[str, Any] = {
        **candidates[0],
        "tree": parent,
        "parent": parent,
        "verdicts": [],
        "round": first,
    }
    return {**one, "waiting": candidates if len(candidates) > 1 else []}


def compare(state: State, runtime: Runtime[LoopContext]) -> dict[str, Any]:
    """Judge all candidates of a round without running them, and put them in order of promise."""
    return {"waiting": judge_round(runtime.context, dict(state), state["waiting"])}


def choose(state: State) -> dict[str, Any]:
    """Take the candidate whose turn it is."""
    return {**state["waiting"][0], "waiting": state["waiting"][1:]}


def _passed(state: State, context: LoopContext) -> bool:
    """Whether the latest stage said pass."""
    if state["stop"] is not None:
        return False
    if not state["verdicts"]:
        return True
    return context.archive.value(Verdict, state["verdicts"][-1]).status == "pass"


def _after_apply(state: State, runtime: Runtime[LoopContext]) -> str:
    return "check" if _passed(state, runtime.context) else "record"


def _after_check(state: State, runtime: Runtime[LoopContext]) -> str:
    if not _passed(state, runtime.context):
        return "record"
    return "run" if "sandbox" in runtime.context.required else _reviewed(runtime.context)


def _after_run(state: State, runtime: Runtime[LoopContext]) -> str:
    return _reviewed(runtime.context) if _passed(state, runtime.context) else "record"


def _reviewed(context: LoopContext) -> str:
    return "review" if context.reviewer is not None else "record"


def _after_record(state: State) -> str:
    if state["stop"] is not None:
        return END
    return "choose" if state["waiting"] else "propose"


def _after_propose(state: State) -> str:
    if state["stop"] is not None:
        return END
    return "compare" if state["waiting"] else "apply"


def build_graph(checkpointer: Any = None) -> Any:
    """Return the compiled graph. Any LangGraph checkpointer is taken; our own record does not need
    one. Invoke it with `first_state(...)` and `context=LoopContext(...)`.
    """
    graph: Any = StateGraph(State, context_schema=LoopContext)
    for node in (apply, check, run, review, record, propose, compare, choose):
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "apply")
    graph.add_conditional_edges("apply", _after_apply, ["check", "record"])
    graph.add_conditional_edges("check", _after_check, ["run", "review", "record"])
    graph.add_conditional_edges("run", _after_run, ["review", "record"])
    graph.add_edge("review", "record")
    graph.add_conditional_edges("record", _after_record, ["propose", "choose", END])
    graph.add_conditional_edges("propose", _after_propose, ["apply", "compare", END])
    graph.add_edge("compare", "choose")
    graph.add_conditional_edges("choose", _after_check, ["run", "review", "record"])
    return graph.compile(checkpointer=checkpointer, name="ohgw-agent")

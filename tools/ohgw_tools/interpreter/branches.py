"""Branches of unknown condition: each arm runs from the same state, then the states are joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.joining import join
from ohgw_tools.interpreter.journal import Level
from ohgw_tools.interpreter.scope import Tail
from ohgw_tools.interpreter.signals import Jumped, Outcome, Raised, Returned, released
from ohgw_tools.interpreter.values import UNKNOWN, Value

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

Arm = Callable[[], None]


def branch(process: Process, arms: Sequence[Arm]) -> None:
    """Run every arm and go on in the joined state.

    An arm that raises does not weaken certainty: either the program dies there, or it went another
    way. An arm that leaves the function or loop does: what follows may not run.
    """
    outcomes = [_try_arm(process, arm) for arm in arms]
    raising = [o.raised for o, _ in outcomes if o.raised is not None]
    living = [(o, w) for o, w in outcomes if o.kind != "raise"]
    if any(r.exception == "SystemExit" for r in raising) and living:
        process.may_exit = True
    if not living:
        raise raising[0]
    going = [w for o, w in living if o.kind == "next"]
    if not going:
        process.journal.apply([w for _, w in living])
        _leave(process, [o for o, _ in living])
    process.journal.apply(going)
    leaving = [(o, w) for o, w in living if o.kind != "next"]
    activation = process.activation
    activation.possible_returns += [o.value for o, _ in leaving if o.kind == "return"]
    if leaving:
        open_tail(process, [w for _, w in leaving])
    elif any(o.partial for o, _ in living):
        open_tail(process, [{}])


def _try_arm(process: Process, arm: Arm) -> tuple[Outcome, Level]:
    journal, depth = process.journal, len(process.journal.levels)
    journal.begin()
    process.uncertain += 1
    mark = len(process.activation.tails)
    outcome = Outcome("next")
    try:
        arm()
    except Returned as returned:
        outcome = Outcome("return", returned.value)
        released(returned)
    except Raised as raised:
        outcome = Outcome("raise", raised=released(raised))
    except Jumped as jumped:
        outcome = Outcome(jumped.kind)
    finally:
        if len(process.activation.tails) > mark:
            close_tails(process, mark, raised=outcome.kind == "raise")
            outcome = Outcome("left") if outcome.kind == "raise" else outcome
            outcome.partial = True
        process.uncertain -= 1
        while len(journal.levels) > depth + 1:
            journal.keep()
        world = journal.take()
    return outcome, world


def _leave(process: Process, outcomes: list[Outcome]) -> None:
    """Leave as the arms did. Where some return and some jump, jump: it keeps more of the code."""
    returned = [o.value for o in outcomes if o.kind == "return"]
    jumps = [o.kind for o in outcomes if o.kind in ("break", "continue")]
    returned += process.activation.possible_returns if not returned else []
    if jumps or not returned:
        process.activation.possible_returns += returned
        open_tail(process, [{}])
        raise Jumped("break" if "break" in jumps else "continue")
    raise Returned(join(returned))


def open_tail(process: Process, worlds: list[Level]) -> None:
    """Go on although the code may have been left, in one of `worlds`."""
    process.activation.tails.append(Tail(worlds))
    process.journal.begin()
    process.uncertain += 1


def close_tails(process: Process, mark: int, raised: bool = False) -> None:
    """Join the present state with the worlds of all tails opened since `mark`.

    If the tail raised, the code was left before: only those worlds remain.
    """
    tails = process.activation.tails
    while len(tails) > mark:
        tail = tails.pop()
        process.uncertain -= 1
        world = process.journal.take()
        process.journal.apply(tail.worlds if raised else [world, *tail.worlds])


def decide(process: Process, condition: bool | None, yes: Arm, no: Arm) -> None:
    """Run the arm that the condition chooses, both where it is unknown."""
    if condition is None:
        branch(process, [yes, no])
    elif condition:
        yes()
    else:
        no()


def joined(process: Process, thunks: Sequence[Callable[[], Value]]) -> Value:
    """Return the join of expressions of which one is evaluated; those that raise drop out."""
    values: list[Value] = []

    def take(thunk: Callable[[], Value]) -> Arm:
        return lambda: values.append(thunk())

    branch(process, [take(t) for t in thunks])
    return join(values)


def perhaps(process: Process, thunk: Callable[[], Value]) -> Value:
    """Evaluate something that may not be evaluated at all."""
    result: list[Value] = []
    branch(process, [lambda: result.append(thunk()), lambda: None])
    return result[0] if result else UNKNOWN

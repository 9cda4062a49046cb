"""Programs: the contract's commands, started as a user would start them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.files import normal
from ohgw_tools.interpreter.interpretation import Interpretation, Launch
from ohgw_tools.interpreter.values import Origin
from ohgw_tools.interpreter.world import RESULTS, World

if TYPE_CHECKING:
    from ohgw_tools.subject import Subject

DEPTH = 20_000  # of Python's own stack: about 15 frames for each nested expression of the bundle


def interpret(subject: Subject) -> Interpretation:
    """Interpret the smoke and the full program of the subject's contract. Never raises."""
    world = World(subject)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, DEPTH))
    try:
        for program in ("smoke", "full"):
            _run(world, program)
    finally:
        sys.setrecursionlimit(limit)
        world.forget()
    return world.interpretation


def _run(world: World, program: str) -> None:
    from ohgw_tools.source.run_list import runs

    world.begin(program)
    role = "smoke" if program == "smoke" else "full"
    found = runs(world.subject, role)  # type: ignore[arg-type]
    world.run_origins = {r.id: Origin(r.path, _keys(r.key)) for r in found}
    world.run_data = {r.id: r.config for r in found}
    contract = world.subject.contract
    command = (contract.smoke if program == "smoke" else contract.full).argv
    words = [w.replace("{results}", RESULTS) for w in command]
    path, rest = _target(world, words)
    if path is None:
        return
    listed = {"{runs}", ",".join(world.subject.bundle.experiment.run_variations)}
    if not listed & set(rest):
        world.start(Launch(program, path, tuple(rest)), [path, *rest])
        return
    for run in found:
        given = [f"run={run.id}" if r in listed else r for r in rest]
        launch = Launch(program, path, tuple(given), run.path, _keys(run.key), run.id)
        world.start(launch, [path, *given])


def _keys(key: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(key)


def _target(world: World, words: list[str]) -> tuple[str | None, list[str]]:
    if "-m" in words:
        place = words.index("-m")
        name = words[place + 1] if place + 1 < len(words) else ""
        return world.module_path(name), words[place + 2 :]
    for place, word in enumerate(words):
        if word.endswith(".py") and normal(word) in world.subject.files:
            return normal(word), words[place + 1 :]
    return None, []

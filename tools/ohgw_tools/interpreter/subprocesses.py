"""Subprocesses: which module of the bundle a command runs, for which run of the configuration."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from ohgw_tools.interpreter import serialisation
from ohgw_tools.interpreter.files import normal, text_of
from ohgw_tools.interpreter.interpretation import Launch
from ohgw_tools.interpreter.values import (
    Dict,
    External,
    List,
    Origin,
    Serialised,
    Unknown,
    Value,
    type_name,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process
    from ohgw_tools.interpreter.world import World

CONFIG_FLAG = re.compile(r"conf|cfg|yaml|json|file|spec", re.IGNORECASE)
RUN_FLAG = re.compile(r"run|name|id|exp|var", re.IGNORECASE)


def spawn(
    world: World,
    process: Process,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> None:
    """Start the processes that a command stands for."""
    command = positional[0] if positional else keywords.get("args")
    if isinstance(command, tuple):
        command = List(list(command))
    if not isinstance(command, List) or not command.items:
        return
    for place, item in enumerate(command.items):
        if item is None or (isinstance(item, (int, float)) and not isinstance(item, bool)):
            message = f"expected str, bytes or os.PathLike object, not {type_name(item)}"
            raise process.error("TypeError", f"{message} (argument {place} of the command)", node)
    words = [text_of(i) if text_of(i) is not None else i for i in command.items]
    path, rest = _target(world, process, words, node)
    if path is None:
        return
    if not command.exact:
        world.start(Launch(world.program, path), None)
    elif any(isinstance(w, (Unknown, External)) for w in rest):
        _for_every_run(world, path, rest)
    else:
        world.start(launch_of(world, path, rest), [path, *rest])


def _target(
    world: World, process: Process, words: list[Value], node: ast.AST
) -> tuple[str | None, list[Value]]:
    """Return the file that a command runs and the arguments that follow."""
    if "-m" in words:
        place = words.index("-m")
        module = words[place + 1] if place + 1 < len(words) else None
        if not isinstance(module, str):
            return None, []
        path = world.module_path(str(module)) or world.module_path(f"{module}.__main__")
        if path is None and world.is_own_package(module.split(".")[0]):
            message = f"No module named {str(module)!r} (started as a subprocess)"
            raise process.error("ModuleNotFoundError", message, node)
        return path, words[place + 2 :]
    for place, word in enumerate(words):
        if isinstance(word, str) and word.endswith(".py") and normal(word) in world.subject.files:
            return normal(word), words[place + 1 :]
    return None, []


def launch_of(world: World, path: str, rest: list[Value]) -> Launch:
    """Name a process by the run that its arguments speak of."""
    arguments = tuple(str(r) for r in rest)
    for argument in rest:
        text = text_of(argument)
        held = world.files.get(normal(text)) if text else None
        value = held.value if isinstance(held, Serialised) else None
        if not isinstance(value, Dict):
            continue
        named = value.items.get(world.subject.contract.variations.id_key)
        origin = world.run_origins.get(str(named), value.origin)
        if origin is not None and origin.keys:
            return _launch(world, path, arguments, origin)
    for argument in arguments:
        origin = world.run_origins.get(argument)
        if origin is not None:
            return _launch(world, path, arguments, origin)
    return Launch(world.program, path, arguments)


def _launch(world: World, path: str, arguments: tuple[str, ...], origin: Origin) -> Launch:
    ids = {o.keys: i for i, o in world.run_origins.items() if o.path == origin.path}
    identity = ids.get(origin.keys)
    return Launch(world.program, path, arguments, origin.path, origin.keys, identity)


def _for_every_run(world: World, path: str, rest: list[Value]) -> None:
    """The command is known but for its run: start it once for each run of the configuration."""
    for identity, origin in list(world.run_origins.items()):
        filled: list[Value] = []
        known = False
        for place, word in enumerate(rest):
            flag = rest[place - 1] if place else ""
            unknown = isinstance(word, (Unknown, External))
            if unknown and isinstance(flag, str) and CONFIG_FLAG.search(flag):
                name = world.temporary(".yaml")
                data = serialisation.wrap(world.run_data[identity], origin)
                world.journal.put(world.files, name, Serialised(data))
                filled.append(name)
                known = True
            elif unknown and isinstance(flag, str) and RUN_FLAG.search(flag):
                filled.append(identity)
                known = True
            else:
                filled.append(word)
        if not known:
            return
        arguments = tuple(str(f) for f in filled)
        launch = Launch(world.program, path, arguments, origin.path, origin.keys, identity)
        world.start(launch, [path, *filled])

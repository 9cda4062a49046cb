"""Hydra: the configuration that `@hydra.main` composes from files and the command line.

Follows Hydra 1.3: the defaults list, config groups, `# @package _global_`, and overrides of the
forms key=value, +key=value, ++key=value and ~key. Interpolations stay unknown.
"""

from __future__ import annotations

import ast
import posixpath
from typing import TYPE_CHECKING, Any

from ohgw_tools.interpreter.serialisation import dotted, parse_text, within, wrap
from ohgw_tools.interpreter.values import UNKNOWN, Dict, Origin, Value, is_plain

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process
    from ohgw_tools.interpreter.world import World

Overrides = list[tuple[str, str]]


def run_main(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    """Call a function under `@hydra.main`: without arguments it is given the composed config."""
    function, options, *given = positional
    if given or keywords:
        return process.call(function, given, keywords, node)
    config = _compose(process, function, options)
    process.call(function, [config], {}, node)
    return None


def _compose(process: Process, function: Value, options: dict[str, Value]) -> Value:
    folder, name = options.get("config_path"), options.get("config_name")
    argv = process.argv
    known = isinstance(folder, str) and isinstance(name, str) and argv is not None
    if not known or not all(isinstance(a, str) for a in (argv or [])):
        return UNKNOWN
    source = posixpath.dirname(getattr(function, "path", "src/main.py"))
    root = posixpath.normpath(posixpath.join(source, str(folder)))
    overrides = [_split(str(a)) for a in (argv or [])[1:] if not str(a).startswith("--")]
    try:
        config = _document(process.world, root, str(name).removesuffix(".yaml"), overrides)
    except LookupError:
        return UNKNOWN
    for key, text in overrides:
        if "/" not in key and not _is_group(process.world, root, key):
            _override(config, key, text)
    _blind_interpolations(config)
    return dotted(config, struct=True)


def _split(argument: str) -> tuple[str, str]:
    key, _, text = argument.partition("=")
    return key, text


def _is_group(world: World, root: str, key: str) -> bool:
    return f"{root}/{key.lstrip('+')}" in world.folders


def _document(world: World, root: str, name: str, overrides: Overrides) -> Dict:
    """Load a primary config with its defaults. Raises LookupError where a file is not there."""
    path = f"{root}/{name}.yaml"
    data = _parsed(world, path)
    defaults = data.get("defaults", ["_self_"])
    own = wrap({k: v for k, v in data.items() if k != "defaults"}, Origin(path, ()))
    result = Dict()
    chosen = {k.lstrip("+"): v for k, v in overrides if _is_group(world, root, k)}
    for entry in [*(defaults if isinstance(defaults, list) else []), *_new(chosen, defaults)]:
        if entry == "_self_":
            _merge(result, own)
        elif isinstance(entry, dict):
            for group, option in entry.items():
                _add_group(world, root, str(group), chosen.get(str(group), option), result)
        elif isinstance(entry, str):
            _merge(result, _document(world, root, entry, overrides))
    if not isinstance(defaults, list) or "_self_" not in defaults:
        _merge(result, own)
    return result


def _new(chosen: dict[str, str], defaults: Any) -> list[dict[str, str]]:
    """Groups that only the command line names."""
    listed = {str(g) for d in defaults if isinstance(d, dict) for g in d} if defaults else set()
    return [{g: o} for g, o in chosen.items() if g not in listed]


def _add_group(world: World, root: str, group: str, option: Any, result: Dict) -> None:
    if option in (None, "null", "???") or group.startswith(("override ", "optional ", "hydra/")):
        return
    path = f"{root}/{group}/{str(option).removesuffix('.yaml')}.yaml"
    data = wrap(_parsed(world, path), Origin(path, ()))
    if "@package _global_" in world.subject.files[path][:400]:
        _merge(result, data)
        return
    held = result.items.setdefault(group, Dict(origin=data.origin))
    _merge(held, data)
    held.origin = data.origin


def _parsed(world: World, path: str) -> dict[Any, Any]:
    file = world.subject.yaml(path)
    if file is None or file.error or not isinstance(file.data, dict):
        raise LookupError(path)
    world.interpretation.read.add(path)
    return file.data


def _merge(into: Dict, other: Value) -> None:
    if not isinstance(other, Dict):
        return
    into.origin = into.origin or other.origin
    for key, value in other.items.items():
        held = into.items.get(key)
        if isinstance(held, Dict) and isinstance(value, Dict):
            _merge(held, value)
        else:
            into.items[key] = value


def _override(config: Dict, key: str, text: str) -> None:
    parts = key.lstrip("+~").split(".")
    holder = config
    for part in parts[:-1]:
        inner = holder.items.get(part)
        if not isinstance(inner, Dict):
            inner = holder.items[part] = Dict()
        holder = inner
    if key.startswith("~"):
        holder.items.pop(parts[-1], None)
        return
    try:
        value = parse_text(text, "yaml")
    except ValueError:
        value = text
    holder.items[parts[-1]] = value if is_plain(value) else UNKNOWN


def _blind_interpolations(config: Dict) -> None:
    """Values that refer to others, or that must be given, are not computed."""
    for each in within(config):
        if not isinstance(each, Dict):
            continue
        for key, value in each.items.items():
            if isinstance(value, str) and ("${" in value or value == "???"):
                each.items[key] = UNKNOWN


def loosen(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    """`OmegaConf.set_struct` or `open_dict`: keys may be added from here on."""
    for each in within(positional[0]) if positional else []:
        if isinstance(each, Dict):
            each.struct = False
            each.exact = each.exact and not each.dotted
    return UNKNOWN

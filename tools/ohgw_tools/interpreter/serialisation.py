"""YAML and JSON: what is dumped and loaded again, with its place in the configuration files."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ohgw_tools.interpreter import files, json_text
from ohgw_tools.interpreter.copying import LARGEST, clone
from ohgw_tools.interpreter.values import (
    UNKNOWN,
    Dict,
    FileValue,
    List,
    Origin,
    PathValue,
    Serialised,
    Value,
    mark,
    type_name,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

DEEPEST = 60


def wrap(data: Any, origin: Origin, depth: int = 0) -> Value:
    """Return parsed data as a value that remembers where each part stands."""
    if depth > DEEPEST:
        return UNKNOWN
    if isinstance(data, dict):
        items = {k: wrap(v, origin.child(k), depth + 1) for k, v in data.items()}
        return Dict(items, origin=origin)
    if isinstance(data, list):
        return List(
            [wrap(v, origin.child(i), depth + 1) for i, v in enumerate(data)], origin=origin
        )
    known = isinstance(data, (str, int, float, bool)) or data is None
    return mark(data, origin) if known else UNKNOWN


def dotted(value: Value, struct: bool = False) -> Value:
    """Let keys be read as attributes, all the way down."""
    for each in within(value):
        if isinstance(each, Dict):
            each.dotted, each.struct = True, struct
    return value


def within(value: Value) -> list[Dict | List]:
    """Return all containers that a value holds, itself among them, each once."""
    found: dict[int, Dict | List] = {}
    stack = [value]
    while stack and len(found) < LARGEST:
        each = stack.pop()
        if isinstance(each, (Dict, List)) and id(each) not in found:
            found[id(each)] = each
            stack += each.items.values() if isinstance(each, Dict) else [*each.items, each.element]
    return list(found.values())


def _load(kind: str) -> Callable[..., Value]:
    def load(
        process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        source = positional[0] if positional else keywords.get("stream", UNKNOWN)
        if kind == "json" and isinstance(source, (Dict, List, int, float)):
            message = f"the JSON object must be str, bytes or bytearray, not {type_name(source)}"
            raise process.error("TypeError", message, node)
        content, path = _source(process, source, kind)
        if isinstance(content, Serialised):
            return _through(kind, content.value, path or content.origin_path)
        if not isinstance(content, str):
            return UNKNOWN
        value = process.world.parse(process, content, path, kind, node)
        return dotted(value) if kind == "omegaconf" else value

    return load


def _source(process: Process, source: Value, kind: str) -> tuple[Value, str | None]:
    """Return what is to be parsed and the file that it stands in."""
    if isinstance(source, FileValue):
        path = files.normal(source.path) if source.path else None
        return process.world.content(source.path), path
    path_like = isinstance(source, PathValue) or (isinstance(source, str) and kind == "omegaconf")
    if path_like:
        text = files.text_of(source)
        assert text is not None
        return process.world.content(text), files.normal(text)
    origin = source.origin_path if isinstance(source, Serialised) else None
    return source, origin


def _load_yaml(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    given = node.keywords if isinstance(node, ast.Call) else []
    if len(positional) == 1 and not given:
        message = "load() missing 1 required positional argument: 'Loader'"
        raise process.error("TypeError", message, node)
    return _load("yaml")(process, positional, keywords, node)


def _through(kind: str, value: Value, path: str | None) -> Value:
    """Return what a value becomes on the way through a file: JSON makes keys strings."""
    copied = clone(value)
    for each in within(copied):
        if isinstance(each, Dict):
            each.file = path
        if isinstance(each, Dict) and kind == "json":
            each.items = {_json_key(k): _listed(v) for k, v in each.items.items()}
        elif isinstance(each, List):
            each.items = [_listed(v) for v in each.items]
    return _listed(copied)


def _json_key(key: Value) -> Value:
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    return str(key) if isinstance(key, (int, float)) else key


def _listed(value: Value) -> Value:
    """Return a tuple as the list that is read back."""
    return List([_listed(each) for each in value]) if isinstance(value, tuple) else value


def _dump(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    value = positional[0] if positional else keywords.get("data", keywords.get("obj", UNKNOWN))
    stream = positional[1] if len(positional) > 1 else keywords.get("stream", keywords.get("fp"))
    if stream is None:
        return Serialised(clone(value))
    if isinstance(stream, FileValue):
        files.write(process, stream.path, Serialised(clone(value)))
    else:
        process.world.interpretation.blind_writes = True
    return None


def _dump_json(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    json_text.check(process, positional, keywords, node)
    return _dump(process, positional, keywords, node)


def _create(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    value = clone(positional[0]) if positional else Dict()
    return dotted(value) if isinstance(value, (Dict, List)) else UNKNOWN


def _container(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    value = clone(positional[0]) if positional else UNKNOWN
    if isinstance(value, Dict):
        value.dotted = False
    return value


def parse_text(text: str, kind: str) -> Any:
    """Parse YAML or JSON. Raises yaml.YAMLError or json.JSONDecodeError."""
    if kind == "json":
        return json.loads(text)
    import yaml

    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


FUNCTIONS: dict[str, Callable[..., Value]] = {
    **dict.fromkeys(("yaml.safe_load", "yaml.full_load", "yaml.unsafe_load"), _load("yaml")),
    "yaml.load": _load_yaml,
    **dict.fromkeys(("json.load", "json.loads"), _load("json")),
    "omegaconf.OmegaConf.load": _load("omegaconf"),
    **dict.fromkeys(("yaml.safe_dump", "yaml.dump"), _dump),
    **dict.fromkeys(("json.dumps", "json.dump"), _dump_json),
    "omegaconf.OmegaConf.create": _create,
    "omegaconf.DictConfig": _create,
    "omegaconf.OmegaConf.to_container": _container,
}

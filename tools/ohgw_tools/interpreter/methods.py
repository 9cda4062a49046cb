"""Methods of built-in types: dicts, lists, sets, strings, numbers."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from ohgw_tools.interpreter import (
    argument_parser,
    files,
    module_parameters,
    tensor_methods,
    text_format,
)
from ohgw_tools.interpreter.iteration import elements, refresh
from ohgw_tools.interpreter.journal import SHAPE
from ohgw_tools.interpreter.layers import Layer
from ohgw_tools.interpreter.statements import forget_items
from ohgw_tools.interpreter.tensors import Tensor
from ohgw_tools.interpreter.values import (
    ATOMS,
    LARGEST_TUPLE,
    UNKNOWN,
    ConfigText,
    Dict,
    FileValue,
    Instance,
    List,
    Method,
    Parser,
    PathValue,
    Serialised,
    Set,
    Unknown,
    Value,
    is_plain,
    like,
    type_name,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

TEXT_RESULT = {
    "str": ("lower", "upper", "strip", "lstrip", "rstrip", "replace", "title", "format", "join",
            "capitalize", "removeprefix", "removesuffix", "zfill", "casefold", "swapcase"),
    "bool": ("startswith", "endswith", "isdigit", "isalpha", "isupper", "islower"),
    "int": ("find", "count", "index", "rfind"),
}  # fmt: skip
KIND_OF = {name: kind for kind, names in TEXT_RESULT.items() for name in names}
KINDS = {"str": str, "bool": bool, "int": int}


def call_method(
    process: Process,
    method: Method,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
    complete: bool,
) -> Value:
    """Call a built-in method of `method.receiver`."""
    receiver, name = method.receiver, method.name
    if isinstance(receiver, PathValue):
        return files.path_method(process, receiver, name, positional, keywords, node)
    if isinstance(receiver, FileValue):
        return files.file_method(process, receiver, name, positional, node)
    if isinstance(receiver, Parser):
        return argument_parser.call(process, receiver, name, positional, keywords, node)
    if isinstance(receiver, Tensor):
        return tensor_methods.call(process, receiver, name, positional, keywords, node)
    if isinstance(receiver, Layer):
        return receiver
    if isinstance(receiver, Instance):
        return module_parameters.call(process, receiver, name, positional, node)
    if isinstance(receiver, Dict):
        return _dict_method(process, receiver, name, positional, keywords, node)
    if isinstance(receiver, List):
        return _list_method(process, receiver, name, positional, keywords, node)
    if isinstance(receiver, Set):
        return _set_method(process, receiver, name, positional)
    if isinstance(receiver, Unknown):
        known = receiver.kind is str and name in KIND_OF
        return Unknown(KINDS[KIND_OF[name]]) if known else UNKNOWN
    if isinstance(receiver, str):
        return _text_method(process, receiver, name, positional, keywords, node, complete)
    if isinstance(receiver, Serialised):
        return Unknown(str) if name in ("strip", "encode") else UNKNOWN
    if isinstance(receiver, ATOMS) and not positional and not keywords:
        return getattr(receiver, name)() if callable(getattr(receiver, name, None)) else UNKNOWN
    return UNKNOWN


def _dict_method(
    process: Process,
    owner: Dict,
    name: str,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> Value:
    if name in ("get", "pop", "setdefault"):
        return _dict_lookup(process, owner, name, positional, keywords, node)
    if name in ("items", "keys", "values"):
        process.world.uses.iterate(owner)
        view = List(view=(owner, name))
        refresh(view)
        return view
    if name == "copy":
        return Dict(dict(owner.items), owner.exact, owner.origin, owner.dotted, owner.struct)
    if name == "update":
        for other in [*positional, Dict(dict(keywords))]:
            update(process, owner, other)
        return None
    if name in ("clear", "popitem"):
        process.journal.put(owner, SHAPE, False)
        for key in list(owner.items):
            process.journal.note(owner, key)
            del owner.items[key]
        return None if name == "clear" else UNKNOWN
    return UNKNOWN


def update(process: Process, owner: Dict, other: Value) -> None:
    """Write all items of `other` into `owner`."""
    if isinstance(other, Dict):
        for key, value in other.items.items():
            process.journal.put(owner, key, value)
        if other.exact:
            return
    process.journal.put(owner, SHAPE, False)
    for key in owner.items:
        process.journal.put(owner, key, UNKNOWN)


def _dict_lookup(
    process: Process,
    owner: Dict,
    name: str,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> Value:
    key = positional[0] if positional else keywords.get("key", UNKNOWN)
    default = positional[1] if len(positional) > 1 else keywords.get("default")
    uses = process.world.uses
    if not is_plain(key):
        uses.escape(owner)
        if name != "get":
            forget_items(process, owner, kept=name == "setdefault")
        return UNKNOWN
    uses.read(owner, key)
    if isinstance(key, ConfigText):
        uses.compare(key, tuple(map(str, owner.items)), key in owner.items, process.where)
    if key in owner.items:
        value = owner.items[key]
        if name == "pop":
            process.journal.note(owner, key)
            del owner.items[key]
        return value
    if not owner.exact:
        return UNKNOWN
    if name == "setdefault":
        process.journal.put(owner, key, default)
    if name == "pop" and len(positional) < 2:
        raise process.error("KeyError", repr(str(key) if isinstance(key, str) else key), node)
    return default


def _list_method(
    process: Process,
    owner: List,
    name: str,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> Value:
    if name == "copy":
        return List(list(owner.items), owner.exact, owner.element, owner.nonempty)
    if name in ("index", "count"):
        return _list_search(process, owner, name, positional, node)
    if name == "pop" and owner.exact and not owner.items:
        raise process.error("IndexError", "pop from empty list", node)
    process.journal.note(owner, None)
    if name == "append" and positional:
        _append(owner, [positional[0]])
    elif name == "extend" and positional:
        _append(owner, elements(process, positional[0]))
    elif name == "pop" and owner.exact and not positional:
        return owner.items.pop()
    elif name == "reverse" and owner.exact:
        owner.items.reverse()
    elif name in ("insert", "remove", "sort", "clear", "pop", "reverse"):
        grown = name == "insert" or (name in ("sort", "reverse") and bool(owner.items))
        element = UNKNOWN
        owner.items, owner.exact, owner.element, owner.nonempty = [], False, element, grown
        return UNKNOWN if name == "pop" else None
    return None


def _append(owner: List, more: list[Value] | None) -> None:
    from ohgw_tools.interpreter.joining import summary

    if more is not None and len(owner.items) + len(more) > LARGEST_TUPLE:
        more = None
    if owner.exact and more is not None:
        owner.items.extend(more)
    elif more is None:
        owner.items, owner.exact, owner.element = [], False, UNKNOWN
    else:
        owner.element = summary([owner.element, *more]) if owner.nonempty else summary(more)
        owner.nonempty = owner.nonempty or bool(more)


def _list_search(
    process: Process, owner: List, name: str, positional: list[Value], node: ast.AST
) -> Value:
    if not owner.exact or not positional or not is_plain(positional[0]):
        return Unknown(int)
    if not all(map(is_plain, owner.items)):
        return Unknown(int)
    if name == "count":
        return owner.items.count(positional[0])
    if positional[0] not in owner.items:
        shown = repr(str(positional[0]) if isinstance(positional[0], str) else positional[0])
        raise process.error("ValueError", f"{shown} is not in list", node)
    return owner.items.index(positional[0]) if len(positional) == 1 else Unknown(int)


def _set_method(process: Process, owner: Set, name: str, positional: list[Value]) -> Value:
    if name in ("add", "update", "discard", "remove", "clear", "pop"):
        process.journal.note(owner, None)
        if name == "add" and positional and isinstance(positional[0], ATOMS):
            owner.items.add(positional[0])
        else:
            owner.exact = False
        return UNKNOWN if name == "pop" else None
    if name == "copy":
        return Set(set(owner.items), owner.exact)
    return Set(exact=False) if name.startswith(("union", "inter", "diff", "sym")) else UNKNOWN


def _text_method(
    process: Process,
    owner: str,
    name: str,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
    complete: bool,
) -> Value:
    if name == "join" and positional:
        return _join_text(process, owner, positional[0], node)
    if name == "format" and complete:
        text_format.check_fields(process, owner, len(positional), set(keywords), node)
    if not complete or not all(map(is_plain, [*positional, *keywords.values()])):
        return Unknown(KINDS[KIND_OF[name]]) if name in KIND_OF else UNKNOWN
    if name in ("ljust", "rjust", "center", "zfill", "format", "expandtabs", "encode"):
        return UNKNOWN
    function: Callable[..., Value] = getattr(str(owner), name)
    try:
        result = function(*positional, **keywords)
    except (TypeError, ValueError, LookupError) as error:
        raise process.error(type(error).__name__, str(error), node) from error
    if name in ("startswith", "endswith") and positional:
        wanted = positional[0] if isinstance(positional[0], tuple) else (positional[0],)
        process.world.uses.compare(owner, tuple(map(str, wanted)), bool(result), process.where)
    if isinstance(result, str):
        return like(owner, result)
    if isinstance(result, list):
        return List([like(owner, each) for each in result])
    return result if is_plain(result) else UNKNOWN


def _join_text(process: Process, owner: str, value: Value, node: ast.AST) -> Value:
    items = elements(process, value)
    if items is None:
        return Unknown(str)
    for place, each in enumerate(items):
        if isinstance(each, (int, float, Dict, List)) or each is None:
            message = f"sequence item {place}: expected str instance, {type_name(each)} found"
            raise process.error("TypeError", message, node)
    return str(owner).join(items) if all(isinstance(i, str) for i in items) else Unknown(str)

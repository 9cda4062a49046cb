"""Built-in functions of Python."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from typing import TYPE_CHECKING

from ohgw_tools.interpreter import files
from ohgw_tools.interpreter.exceptions import BUILT_IN
from ohgw_tools.interpreter.introspection import INTROSPECTION
from ohgw_tools.interpreter.iteration import any_element, elements, refresh
from ohgw_tools.interpreter.tensors import Tensor
from ohgw_tools.interpreter.truth import truth
from ohgw_tools.interpreter.values import (
    ATOMS,
    UNKNOWN,
    UNKNOWN_INT,
    Bound,
    ConfigText,
    Dict,
    External,
    Function,
    Instance,
    List,
    PathValue,
    Set,
    Unknown,
    Value,
    is_plain,
    type_name,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

Arguments = tuple[list[Value], dict[str, Value], ast.AST]
NUMBERS = {"int": int, "float": float, "str": str, "bool": bool}


def call_builtin(
    process: Process,
    name: str,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
    complete: bool,
) -> Value:
    """Call a built-in function by its name."""
    if not complete and name not in ("dict", "print"):
        process.hand_over([*positional, *keywords.values()])
        return UNKNOWN
    if name in BUILT_IN or name == "print":
        return None if name == "print" else External(f"builtins.{name}()")
    if name in CONVERSIONS or name in ("range", "min", "max", "sum", "pow", "divmod"):
        for value in positional:
            process.world.uses.touch(value)
    if name in CONVERSIONS:
        return _convert(process, name, positional, node)
    if name in TABLE:
        return TABLE[name](process, positional, keywords, node)
    if name in INTROSPECTION:
        return INTROSPECTION[name](process, positional, node)
    process.hand_over([*positional, *keywords.values()])
    return UNKNOWN


CONVERSIONS = ("int", "float", "str", "bool", "abs", "round", "repr", "ord", "chr", "complex")


def _convert(process: Process, name: str, positional: list[Value], node: ast.AST) -> Value:
    if not positional:
        return {"int": 0, "float": 0.0, "str": "", "bool": False}.get(name, UNKNOWN)
    value = positional[0]
    if name == "str" and isinstance(value, (PathValue, ConfigText)):
        return value.text if isinstance(value, PathValue) else value
    if name == "bool":
        answer = truth(process, value)
        return UNKNOWN if answer is None else answer
    if name in ("int", "float"):
        if isinstance(value, (Dict, List)) or value is None:
            wanted = "a string or a real number"
            if name == "int":
                wanted = "a string, a bytes-like object or a real number"
            message = f"{name}() argument must be {wanted}, not '{type_name(value)}'"
            raise process.error("TypeError", message, node)
        if isinstance(value, str) and len(value) > 400:
            return Unknown(NUMBERS[name])
    if isinstance(value, ATOMS) and all(isinstance(p, ATOMS) for p in positional):
        try:
            return getattr(builtins, name)(
                *[str(p) if isinstance(p, str) else p for p in positional]
            )
        except (ValueError, TypeError) as error:
            raise process.error(type(error).__name__, str(error), node) from error
        except OverflowError as error:
            raise process.error("OverflowError", str(error), node) from error
    return Unknown(NUMBERS[name]) if name in NUMBERS else UNKNOWN


def _len(process: Process, positional: list[Value], keywords: object, node: ast.AST) -> Value:
    value = positional[0] if positional else UNKNOWN
    refresh(value)
    if isinstance(value, List) and value.once:
        raise process.error("TypeError", "an iterator has no len()", node)
    if isinstance(value, (Dict, List, Set)):
        return len(value.items) if value.exact else Unknown(int)
    if isinstance(value, (str, tuple, range, bytes)):
        return len(value)
    if isinstance(value, Tensor) and value.shape:
        return UNKNOWN_INT if value.shape[0] is None else value.shape[0]
    numeric = isinstance(value, Unknown) and value.kind in (int, float, bool)
    if value is None or isinstance(value, (int, float)) or numeric:
        kind = (
            value.kind.__name__ if isinstance(value, Unknown) and value.kind else type_name(value)
        )
        raise process.error("TypeError", f"object of type '{kind}' has no len()", node)
    if isinstance(value, Instance):
        own = value.cls.find("__len__")
        if isinstance(own, Function):
            return process.call(Bound(own, value), [], {}, node)
    return Unknown(int)


def _range(process: Process, positional: list[Value], keywords: object, node: ast.AST) -> Value:
    for value in positional:
        wrong = isinstance(value, Unknown) and value.kind in (float, str)
        if wrong or value is None or isinstance(value, (str, float, Dict, List)):
            kind = (
                value.kind.__name__
                if isinstance(value, Unknown) and value.kind
                else type_name(value)
            )
            message = f"'{kind}' object cannot be interpreted as an integer"
            raise process.error("TypeError", message, node)
    if positional and all(isinstance(p, int) for p in positional):
        if len(positional) == 3 and positional[2] == 0:
            raise process.error("ValueError", "range() arg 3 must not be zero", node)
        return range(*positional)
    return UNKNOWN


def _sequence(name: str) -> Callable[..., Value]:
    def make(
        process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        items = elements(process, positional[0]) if positional else []
        if items is None:
            kept = any_element(positional[0])
            return List(exact=False, element=kept) if name in ("list", "sorted") else UNKNOWN
        if name == "list":
            return List(items)
        if name == "tuple":
            return tuple(items)
        if name == "reversed":
            return List(items[::-1], once=True)
        if name == "sorted":
            return _sort(process, items, keywords, node)
        plain = all(isinstance(i, ATOMS) for i in items)
        return Set(set(items)) if plain else Set(exact=False)

    return make


def _sort(process: Process, items: list[Value], keywords: dict[str, Value], node: ast.AST) -> Value:
    if "key" in keywords or not all(isinstance(i, ATOMS) for i in items):
        if all(isinstance(i, PathValue) for i in items) and "key" not in keywords:
            return List(sorted(items, key=lambda p: p.text))
        _apply_key(process, keywords.get("key"), items, node)
        return List(exact=False, nonempty=bool(items))
    try:
        return List(sorted(items, reverse=keywords.get("reverse") is True))
    except TypeError as error:
        raise process.error("TypeError", str(error), node) from error


def _apply_key(process: Process, function: Value, items: list[Value] | None, node: ast.AST) -> None:
    """Call the key function on what is compared, as often as it is sure to be."""
    if items is None or len(items) > 100:
        process.hand_over([function])
        return
    for item in items:
        if function is not None:
            process.call(function, [item], {}, node)


def _dict(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    result = Dict()
    if positional:
        first = positional[0]
        if isinstance(first, Dict):
            result.items.update(first.items)
            result.exact, result.origin, result.dotted = first.exact, first.origin, first.dotted
        else:
            pairs = elements(process, first)
            plain = pairs is not None and all(isinstance(p, tuple) and len(p) == 2 for p in pairs)
            if pairs is None or not plain or not all(is_plain(p[0]) for p in pairs):
                result.exact = False
            else:
                result.items.update(pairs)
    result.items.update(keywords)
    return result


def _enumerate(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    items = elements(process, positional[0]) if positional else None
    start = positional[1] if len(positional) > 1 else keywords.get("start", 0)
    if items is None or len(items) > 300 or not isinstance(start, int):
        element = (Unknown(int), any_element(positional[0]) if positional else UNKNOWN)
        return List(exact=False, element=element, nonempty=_nonempty(positional), once=True)
    return List(list(enumerate(items, start)), once=True)


def _nonempty(positional: list[Value]) -> bool:
    from ohgw_tools.interpreter.iteration import surely_nonempty

    return bool(positional) and all(map(surely_nonempty, positional))


def _zip(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    listed = [elements(process, p) for p in positional]
    known = [each for each in listed if each is not None]
    if len(known) == len(listed):
        return List(list(zip(*known, strict=False)), once=True)
    element = tuple(any_element(p) for p in positional)
    return List(exact=False, element=element, nonempty=_nonempty(positional), once=True)


def _map(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    items = elements(process, positional[1]) if len(positional) == 2 else None
    if items is None or len(items) > 200:
        process.hand_over(positional)
        return UNKNOWN
    return List([process.call(positional[0], [i], {}, node) for i in items], once=True)


def _extreme(name: str) -> Callable[..., Value]:
    def reduce(
        process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        single = len(positional) == 1
        items = elements(process, positional[0]) if single else list(positional)
        if "key" in keywords:
            _apply_key(process, keywords["key"], items, node)
        if items == [] and name in ("min", "max") and single and "default" not in keywords:
            raise process.error("ValueError", f"{name}() arg is an empty sequence", node)
        if items is None or keywords:
            return UNKNOWN
        if name in ("any", "all"):
            return _quantify(process, name, items)
        if all(isinstance(i, ATOMS) for i in items) and items:
            try:
                return getattr(builtins, name)(items)
            except TypeError as error:
                raise process.error("TypeError", str(error), node) from error
        kinds = {i.kind if isinstance(i, Unknown) else type(i) for i in items}
        return Unknown(kinds.pop()) if len(kinds) == 1 and kinds <= {int, float} else UNKNOWN

    return reduce


def _quantify(process: Process, name: str, items: list[Value]) -> Value:
    answers = [truth(process, i) for i in items]
    decisive = name == "any"
    if decisive in answers:
        return decisive
    return UNKNOWN if None in answers else not decisive


TABLE: dict[str, Callable[..., Value]] = {
    "open": files.open_file,
    "len": _len,
    "range": _range,
    "dict": _dict,
    "enumerate": _enumerate,
    "zip": _zip,
    "map": _map,
    **{n: _sequence(n) for n in ("list", "tuple", "set", "frozenset", "sorted", "reversed")},
    **{n: _extreme(n) for n in ("min", "max", "sum", "any", "all")},
}

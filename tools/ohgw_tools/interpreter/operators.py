"""Operators: arithmetic and comparison of values, with the exceptions that Python would raise."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ohgw_tools.interpreter import tensors, text_format
from ohgw_tools.interpreter.dispatch import expression
from ohgw_tools.interpreter.iteration import refresh
from ohgw_tools.interpreter.truth import truth
from ohgw_tools.interpreter.values import (
    ATOMS,
    LARGEST_TUPLE,
    UNKNOWN,
    Class,
    ConfigText,
    Dict,
    External,
    Function,
    Instance,
    List,
    Namespace,
    PathValue,
    Set,
    Unknown,
    Value,
    is_plain,
    like,
    type_name,
    weight,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process
    from ohgw_tools.interpreter.scope import Scope

OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
    ast.BitOr: operator.or_, ast.BitAnd: operator.and_, ast.BitXor: operator.xor,
    ast.Pow: operator.pow, ast.LShift: operator.lshift, ast.RShift: operator.rshift,
}  # fmt: skip
ORDER: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
OWN = (Unknown, External, Instance, Namespace)
LARGEST = 10**6


@expression(ast.BinOp)
def binary(process: Process, node: ast.BinOp, scope: Scope) -> Value:
    """Evaluate both sides and operate."""
    left = process.evaluate(node.left, scope)
    return operate(process, node.op, left, process.evaluate(node.right, scope), node)


def operate(process: Process, op: ast.operator, a: Value, b: Value, node: ast.AST) -> Value:
    """Return `a op b`; raises what Python raises where both are known."""
    process.world.uses.touch(a)
    process.world.uses.touch(b)
    if isinstance(a, tensors.Tensor) or isinstance(b, tensors.Tensor):
        return tensors.operate(process, op, a, b, node)
    if isinstance(a, PathValue) and isinstance(op, ast.Div):
        return _join_path(process, a, b, node)
    if isinstance(a, (PathValue, str)) and isinstance(b, (PathValue, str)) and a is not b:
        _check_path(process, op, a, b, node)
    if isinstance(a, List) and isinstance(op, (ast.Add, ast.Mult)):
        return _list_operation(process, op, a, b, node)
    if isinstance(a, Set) and isinstance(b, Set):
        exact = a.exact and b.exact
        return Set(OPERATIONS[type(op)](a.items, b.items)) if exact else Set(exact=False)
    if isinstance(a, Dict) and isinstance(b, Dict) and isinstance(op, ast.BitOr):
        return Dict({**a.items, **b.items}, a.exact and b.exact, a.origin)
    if isinstance(a, str) and isinstance(op, ast.Mod):
        return text_format.percent(process, a, b, node)
    if is_plain(a) and is_plain(b):
        return _compute(process, op, a, b, node)
    return _mixed(process, op, a, b, node)


def _compute(process: Process, op: ast.operator, a: Value, b: Value, node: ast.AST) -> Value:
    if isinstance(op, (ast.Pow, ast.LShift)) and not _small_power(a, b):
        return UNKNOWN
    if isinstance(op, (ast.Mult, ast.Add)) and _too_long(a, b):
        return UNKNOWN
    if isinstance(op, ast.Mod) and isinstance(a, bytes):
        return UNKNOWN
    function = OPERATIONS.get(type(op))
    if function is None:
        return UNKNOWN
    try:
        result = function(a, b)
    except (TypeError, ZeroDivisionError) as error:
        raise process.error(type(error).__name__, _shown(error, node), node) from error
    except (ValueError, OverflowError, MemoryError):
        return UNKNOWN
    if isinstance(result, (str, bytes)) and len(result) > LARGEST:
        return UNKNOWN
    return result


def _shown(error: Exception, node: ast.AST) -> str:
    return f"{error}: {ast.unparse(node)[:100]}".replace("'ConfigText'", "'str'")


def _small_power(a: Value, b: Value) -> bool:
    numbers = isinstance(a, (int, float)) and isinstance(b, (int, float))
    return numbers and abs(b) < 256 and (isinstance(a, float) or abs(a) < 1 << 64)


def _too_long(a: Value, b: Value) -> bool:
    for sequence, times in ((a, b), (b, a)):
        if isinstance(sequence, (str, bytes, tuple)) and isinstance(times, int):
            return len(sequence) * max(times, 0) > LARGEST_TUPLE
    both = isinstance(a, tuple) and isinstance(b, tuple)
    return both and weight(a) + weight(b) > LARGEST_TUPLE


def _join_path(process: Process, a: PathValue, b: Value, node: ast.AST) -> Value:
    from posixpath import join

    other = b.text if isinstance(b, PathValue) else b
    if isinstance(other, str):
        return PathValue(join(a.text, str(other)))
    if other is None or isinstance(other, (int, float, Dict, List)):
        kinds = f"'PosixPath' and '{type_name(other)}'"
        raise process.error("TypeError", f"unsupported operand type(s) for /: {kinds}", node)
    return Unknown(None)


def _check_path(process: Process, op: ast.operator, a: Value, b: Value, node: ast.AST) -> None:
    """Paths are joined with `/`, and nothing else can be done with a path and a string."""
    if isinstance(op, ast.Add) and (isinstance(a, PathValue) or isinstance(b, PathValue)):
        kinds = f"'{type_name(a)}' and '{type_name(b)}'"
        text = ast.unparse(node)[:100]
        message = f"unsupported operand type(s) for +: {kinds}: {text}".replace("ConfigText", "str")
        raise process.error("TypeError", message, node)


def _list_operation(process: Process, op: ast.operator, a: List, b: Value, node: ast.AST) -> Value:
    if isinstance(op, ast.Add) and isinstance(b, List):
        if a.exact and b.exact and len(a.items) + len(b.items) <= LARGEST_TUPLE:
            return List([*a.items, *b.items])
        return List(exact=False, nonempty=a.nonempty or b.nonempty or bool(a.items or b.items))
    if isinstance(op, ast.Add) and (is_plain(b) or isinstance(b, Dict)):
        message = f'can only concatenate list (not "{type_name(b)}") to list'
        raise process.error("TypeError", message, node)
    if isinstance(op, ast.Mult) and isinstance(b, int) and a.exact:
        if 0 <= b * len(a.items) <= 2000:
            return List(a.items * b)
        return List(exact=False, nonempty=b > 0 and bool(a.items))
    return List(exact=False) if isinstance(b, Unknown) else UNKNOWN


def _mixed(process: Process, op: ast.operator, a: Value, b: Value, node: ast.AST) -> Value:
    """Operate where something is not a plain value: None with a number can only fail."""
    if a is None or b is None:
        tensors.refuse_none(process, op, b if a is None else a, node)
    for one, other in ((a, b), (b, a)):
        unusable = one is None or isinstance(one, (Dict, Function, Class))
        number = isinstance(other, (int, float)) or (
            isinstance(other, Unknown) and other.kind in (int, float)
        )
        if unusable and number and not isinstance(op, ast.BitOr):
            kinds = f"'{type_name(a)}' and '{type_name(b)}'".replace("<unknown ", "'")
            raise process.error("TypeError", f"unsupported operand type(s): {kinds}", node)
    held = {x.kind if isinstance(x, Unknown) else type(x) for x in (a, b)}
    if held <= {int} and not isinstance(op, (ast.Div, ast.Pow)):
        return Unknown(int)
    if held <= {int, float, bool} and not isinstance(op, ast.Pow):
        return Unknown(float)
    return UNKNOWN


@expression(ast.UnaryOp)
def unary(process: Process, node: ast.UnaryOp, scope: Scope) -> Value:
    """Negate."""
    value = process.evaluate(node.operand, scope)
    if isinstance(value, tensors.Tensor):
        return value
    if isinstance(node.op, ast.Not):
        answer = truth(process, value)
        return UNKNOWN if answer is None else not answer
    if isinstance(value, (int, float)):
        if isinstance(node.op, ast.Invert):
            return ~value if isinstance(value, int) else UNKNOWN
        return -value if isinstance(node.op, ast.USub) else value
    if value is None or isinstance(value, (str, Dict, List)):
        name = type_name(value)
        raise process.error("TypeError", f"bad operand type for unary -: '{name}'", node)
    return UNKNOWN


@expression(ast.Compare)
def compare(process: Process, node: ast.Compare, scope: Scope) -> Value:
    """Compare in a chain."""
    left = process.evaluate(node.left, scope)
    process.world.uses.touch(left)
    result: bool | None = True
    for op, comparator in zip(node.ops, node.comparators, strict=True):
        right = process.evaluate(comparator, scope)
        process.world.uses.touch(right)
        answer = _compare(process, op, left, right, node)
        if answer is False:
            return False
        result = result if answer else None
        left = right
    return UNKNOWN if result is None else result


def _compare(process: Process, op: ast.cmpop, a: Value, b: Value, node: ast.AST) -> bool | None:
    if isinstance(op, (ast.Is, ast.IsNot)):
        answer = _identical(a, b)
        return answer if answer is None or isinstance(op, ast.Is) else not answer
    if isinstance(op, (ast.In, ast.NotIn)):
        answer = _contains(process, a, b, node)
        return answer if answer is None or isinstance(op, ast.In) else not answer
    if isinstance(op, (ast.Eq, ast.NotEq)):
        answer = _equal(process, a, b)
        return answer if answer is None or isinstance(op, ast.Eq) else not answer
    return _ordered(process, op, a, b, node)


def _identical(a: Value, b: Value) -> bool | None:
    if isinstance(a, OWN[:2]) or isinstance(b, OWN[:2]):
        typed = any(isinstance(x, Unknown) and x.kind is not None for x in (a, b))
        return False if typed and (a is None or b is None) else None
    if a is None or b is None or isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return True if a is b and not is_plain(a) else None


def _equal(process: Process, a: Value, b: Value) -> bool | None:
    if is_plain(a) and is_plain(b):
        answer = bool(a == b)
        if isinstance(a, ConfigText):
            process.world.uses.compare(a, (str(b),), answer, process.where)
        if isinstance(b, ConfigText):
            process.world.uses.compare(b, (str(a),), answer, process.where)
        return answer
    containers = (Dict, List, Set, Function, Class)
    if (isinstance(a, ATOMS) and isinstance(b, containers)) or (
        isinstance(b, ATOMS) and isinstance(a, containers)
    ):
        return False
    if isinstance(a, List) and isinstance(b, List) and a.exact and b.exact:
        return False if len(a.items) != len(b.items) else None
    return None


def _contains(process: Process, a: Value, b: Value, node: ast.AST) -> bool | None:
    uses = process.world.uses
    if isinstance(b, Dict) and isinstance(a, ATOMS):
        uses.read(b, a)
        answer = a in b.items
        uses.compare(a, tuple(map(str, b.items)), answer, process.where)
        return answer if answer or b.exact else None
    if isinstance(b, (Set, List)):
        refresh(b)
        if not b.exact or (isinstance(b, List) and b.once):
            return None
        b = tuple(b.items)
    if isinstance(b, tuple) and isinstance(a, ATOMS) and all(isinstance(x, ATOMS) for x in b):
        uses.compare(a, tuple(map(str, b)), a in b, process.where)
        return a in b
    if isinstance(a, str) and isinstance(b, str):
        uses.compare(b, (str(a),), a in b, process.where)
        return a in b
    if b is None or isinstance(b, (int, float)):
        message = f"argument of type '{type_name(b)}' is not iterable"
        raise process.error("TypeError", message, node)
    if isinstance(b, str) and (a is None or isinstance(a, (int, float))):
        message = f"'in <string>' requires string as left operand, not {type_name(a)}"
        raise process.error("TypeError", message, node)
    return None


def _ordered(process: Process, op: ast.cmpop, a: Value, b: Value, node: ast.AST) -> bool | None:
    if is_plain(a) and is_plain(b):
        try:
            return bool(ORDER[type(op)](a, b))
        except TypeError as error:
            raise process.error("TypeError", _shown(error, node), node) from error
    for one, other in ((a, b), (b, a)):
        number = isinstance(other, Unknown) and other.kind in (int, float, bool)
        if number and (isinstance(one, (str, Dict, List)) or one is None):
            kinds = f"'{type_name(a)}' and '{type_name(b)}'"
            message = f"ordering not supported between instances of {kinds}"
            raise process.error("TypeError", message, node)
    return None


def moved(source: Value, text: str) -> str:
    """Return text made from `source`, which keeps its place in a configuration."""
    return like(source, text) if isinstance(source, ConfigText) else text

"""Simple statements: assignment, deletion, return, raise, assert, with, and declarations."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.dispatch import statement
from ohgw_tools.interpreter.exceptions import ANY, EXITS, names_of
from ohgw_tools.interpreter.iteration import elements
from ohgw_tools.interpreter.journal import SHAPE
from ohgw_tools.interpreter.operators import operate
from ohgw_tools.interpreter.signals import Jumped, Raised, Returned
from ohgw_tools.interpreter.tensors import Tensor
from ohgw_tools.interpreter.truth import truth
from ohgw_tools.interpreter.values import (
    LARGEST_TUPLE,
    MISSING,
    UNKNOWN,
    Bound,
    Class,
    ConfigText,
    Dict,
    External,
    Function,
    Instance,
    List,
    Module,
    Namespace,
    PathValue,
    Unknown,
    Value,
    is_plain,
    type_name,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process
    from ohgw_tools.interpreter.scope import Scope


@statement(ast.Expr)
def run_expression(process: Process, node: ast.Expr, scope: Scope) -> None:
    """Evaluate for effect."""
    process.evaluate(node.value, scope)


@statement(ast.Assign)
def assign(process: Process, node: ast.Assign, scope: Scope) -> None:
    """Evaluate once, bind to every target."""
    value = process.evaluate(node.value, scope)
    for target in node.targets:
        if type(target) is ast.Name:  # most of all targets
            process.assign_name(target.id, value, scope)
        else:
            bind(process, target, value, scope)


@statement(ast.AnnAssign)
def assign_annotated(process: Process, node: ast.AnnAssign, scope: Scope) -> None:
    """Bind if there is a value."""
    if node.value is not None:
        bind(process, node.target, process.evaluate(node.value, scope), scope)


@statement(ast.AugAssign)
def assign_augmented(process: Process, node: ast.AugAssign, scope: Scope) -> None:
    """Operate and bind; lists grow in place."""
    before = process.evaluate(node.target, scope)
    value = process.evaluate(node.value, scope)
    if isinstance(before, List) and isinstance(node.op, ast.Add):
        more = elements(process, value)
        process.journal.note(before, None)
        long = more is not None and len(more) + len(before.items) > LARGEST_TUPLE
        if more is None or long or not before.exact:
            before.items, before.exact, before.element = [], False, UNKNOWN
        else:
            before.items = [*before.items, *more]
        return
    bind(process, node.target, operate(process, node.op, before, value, node), scope)


def bind(process: Process, target: ast.expr, value: Value, scope: Scope) -> None:
    """Write `value` to an assignment target of any shape."""
    if isinstance(target, ast.Name):
        process.assign_name(target.id, value, scope)
    elif isinstance(target, (ast.Tuple, ast.List)):
        _unpack(process, target, value, scope)
    elif isinstance(target, ast.Attribute):
        set_attribute(process, process.evaluate(target.value, scope), target.attr, value)
    elif isinstance(target, ast.Subscript):
        owner = process.evaluate(target.value, scope)
        set_item(process, owner, process.evaluate(target.slice, scope), value)
    elif isinstance(target, ast.Starred):
        bind(process, target.value, value, scope)


def _unpack(process: Process, target: ast.Tuple | ast.List, value: Value, scope: Scope) -> None:
    values = elements(process, value)
    starred = any(isinstance(t, ast.Starred) for t in target.elts)
    if values is None or starred:
        for each in target.elts:
            bind(process, each, UNKNOWN, scope)
        return
    if len(values) != len(target.elts):
        word = "not enough" if len(values) < len(target.elts) else "too many"
        detail = f"expected {len(target.elts)}, got {len(values)}"
        raise process.error("ValueError", f"{word} values to unpack ({detail})", target)
    for each, item in zip(target.elts, values, strict=True):
        bind(process, each, item, scope)


def set_attribute(process: Process, owner: Value, name: str, value: Value) -> None:
    """Write an attribute of whatever `owner` is."""
    if isinstance(owner, Instance):
        _set_on_instance(process, owner, name, value)
    elif isinstance(owner, Namespace):
        process.journal.put(owner.attributes, name, value)
    elif isinstance(owner, Module):
        process.journal.put(owner.variables, name, value)
    elif isinstance(owner, Class):
        process.journal.put(owner.namespace, name, value)
    elif isinstance(owner, Tensor):
        owner.frozen = False
        owner.shape = owner.width = None  # `shape` and `data` may be written
    elif isinstance(owner, Dict) and owner.dotted:
        process.journal.put(owner, name, value)
    elif isinstance(owner, External) and owner.name == "sys" and name == "argv":
        exact = isinstance(value, List) and value.exact
        process.argv = list(value.items) if exact else None
    elif isinstance(owner, External):
        process.patched.add(f"{owner.name}.{name}")


def _set_on_instance(process: Process, owner: Instance, name: str, value: Value) -> None:
    """Write an attribute, as the class's hooks, properties and descriptors let it."""
    held = owner.cls.find(name)
    if owner.cls.find("__setattr__") is not MISSING:
        owner.open, value = True, UNKNOWN
    elif any(c.frozen for c in owner.cls.mro()):
        raise process.error("FrozenInstanceError", f"cannot assign to field '{name}'")
    elif isinstance(held, Function) and held.kind == "property":
        setter = held.setter
        if setter is not None:
            process.call(Bound(setter, owner), [value], {}, setter.node)
            return
        value = UNKNOWN
    elif isinstance(held, Instance) or (isinstance(held, Unknown) and held is not MISSING):
        value = UNKNOWN
    process.journal.put(owner.attributes, name, value)


def set_item(process: Process, owner: Value, key: Value, value: Value) -> None:
    """Write an item of whatever `owner` is."""
    if isinstance(owner, Dict):
        if is_plain(key) and not isinstance(key, (slice, range)):
            process.journal.put(owner, key, value)
        else:
            process.journal.put(owner, SHAPE, False)
            for known in owner.items:
                process.journal.put(owner, known, UNKNOWN)
    elif isinstance(owner, List):
        process.journal.note(owner, None)
        plain = isinstance(key, int) and not isinstance(key, bool)
        if plain and owner.exact and -len(owner.items) <= key < len(owner.items):
            owner.items[key] = value
        else:
            owner.items, owner.exact, owner.element = [], False, UNKNOWN
    elif owner is None or isinstance(owner, (tuple, str, bytes, int, float, range)):
        message = f"'{type_name(owner)}' object does not support item assignment"
        raise process.error("TypeError", message)


@statement(ast.Delete)
def delete(process: Process, node: ast.Delete, scope: Scope) -> None:
    """Unbind names; a container that loses an item is no longer known exactly."""
    for target in node.targets:
        if isinstance(target, ast.Name):
            process.journal.note(scope.variables, target.id)
            scope.variables.pop(target.id, None)
        elif isinstance(target, ast.Subscript):
            forget_items(process, process.evaluate(target.value, scope))


def forget_items(process: Process, owner: Value, kept: bool = False) -> None:
    """Forget what a container holds; `kept` if it can only have grown."""
    if isinstance(owner, Dict):
        process.journal.put(owner, SHAPE, False)
        if kept:
            return
        for key in list(owner.items):
            process.journal.note(owner, key)
            del owner.items[key]
    elif isinstance(owner, List):
        process.journal.note(owner, None)
        owner.items, owner.exact, owner.element, owner.nonempty = [], False, UNKNOWN, False


@statement(ast.Return)
def leave(process: Process, node: ast.Return, scope: Scope) -> None:
    """Leave the function with a value."""
    raise Returned(process.evaluate(node.value, scope) if node.value else None)


@statement(ast.Break)
def break_loop(process: Process, node: ast.Break, scope: Scope) -> None:
    """Leave the loop."""
    raise Jumped("break")


@statement(ast.Continue)
def continue_loop(process: Process, node: ast.Continue, scope: Scope) -> None:
    """Go to the next round."""
    raise Jumped("continue")


@statement(ast.Global)
def declare_global(process: Process, node: ast.Global, scope: Scope) -> None:
    """Names belong to the module."""
    scope.globals.update(node.names)


@statement(ast.Nonlocal)
def declare_nonlocal(process: Process, node: ast.Nonlocal, scope: Scope) -> None:
    """Names belong to an enclosing function."""
    scope.nonlocals.update(node.names)


@statement(ast.Raise)
def throw(process: Process, node: ast.Raise, scope: Scope) -> None:
    """Raise, with the message as far as it is known."""
    again = _raised_again(process, node)
    if again is not None:
        raise again
    raised = process.error("Exception", "", node)
    raised.explicit = True
    if node.exc is not None:
        call = node.exc if isinstance(node.exc, ast.Call) else None
        raised.kinds = names_of(process.evaluate(call.func if call else node.exc, scope))
        raised.exception = raised.kinds[0] if raised.kinds[0] != ANY else "Exception"
        if raised.exception in EXITS:
            raised.exception = "SystemExit"
        spoken: list[ConfigText] = []
        if call is not None and call.args:
            raised.message, spoken = _message(process, call.args[0], scope)
        missed = process.world.uses.last_miss
        if not spoken and missed is not None and _just_before(process, missed[1], node):
            spoken = [missed[0]]
        raised.detail["spoken"] = spoken
    else:
        raised.kinds = (ANY,)
    raise raised


def _raised_again(process: Process, node: ast.Raise) -> Raised | None:
    """Return the exception that the handler around took, if the statement raises just that."""
    named = node.exc.id if isinstance(node.exc, ast.Name) else None
    for name, raised in reversed(process.handling):
        if node.exc is None or (named is not None and name == named):
            return raised
    return None


def _just_before(process: Process, place: tuple[str, int], node: ast.stmt) -> bool:
    """Whether a comparison stands in the same function as the raise, before it."""
    function = process.activation.function
    start = function.node.lineno if function is not None else 1
    return place[0] == process.where[0] and start <= place[1] <= node.lineno


def _message(process: Process, node: ast.expr, scope: Scope) -> tuple[str, list[ConfigText]]:
    """Return the text of a message and the configured values that it names."""
    if not isinstance(node, ast.JoinedStr):
        value = process.evaluate(node, scope)
        spoken = [value] if isinstance(value, ConfigText) else []
        return (str(value) if isinstance(value, (str, int)) else ast.unparse(node)), spoken
    text, spoken = "", []
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
            continue
        assert isinstance(part, ast.FormattedValue)
        value = process.evaluate(part.value, scope)
        spoken += [value] if isinstance(value, ConfigText) else []
        shown = value.text if isinstance(value, PathValue) else value
        plain = f"{{{ast.unparse(part.value)}}}"
        text += (
            (repr(str(shown)) if part.conversion == 114 else str(shown))
            if is_plain(shown)
            else plain
        )
    return text, spoken


@statement(ast.Assert)
def check_assertion(process: Process, node: ast.Assert, scope: Scope) -> None:
    """Raise AssertionError if the condition is certainly false."""
    if truth(process, process.evaluate(node.test, scope)) is False:
        text = _message(process, node.msg, scope)[0] if node.msg else ast.unparse(node.test)
        raise process.error("AssertionError", text, node)

"""Calls: evaluating arguments, binding them to parameters, running bodies, making instances."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ohgw_tools.interpreter import classes, layers, library, methods
from ohgw_tools.interpreter.branches import branch, close_tails
from ohgw_tools.interpreter.call_memory import cache_key, memory_key
from ohgw_tools.interpreter.callbacks import hand_over, loosen
from ohgw_tools.interpreter.dispatch import expression
from ohgw_tools.interpreter.interpretation import Frame
from ohgw_tools.interpreter.iteration import elements
from ohgw_tools.interpreter.joining import join
from ohgw_tools.interpreter.layers import Layer
from ohgw_tools.interpreter.names import Names
from ohgw_tools.interpreter.parameters import bind_parameters
from ohgw_tools.interpreter.scope import Activation, Scope
from ohgw_tools.interpreter.signals import Raised, Returned, released
from ohgw_tools.interpreter.values import (
    UNKNOWN,
    UNKNOWN_TEXT,
    Bound,
    Class,
    Dict,
    External,
    Function,
    Instance,
    List,
    Method,
    Partial,
    Super,
    Unknown,
    Value,
    is_plain,
    type_name,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

RECURSION = 3


@expression(ast.Call)
def call_expression(process: Process, node: ast.Call, scope: Scope) -> Value:
    """Evaluate the callee and its arguments, then call."""
    evaluate = process.evaluate
    if type(node.func) is ast.Name and node.func.id == "super" and not node.args:
        return _super(process)
    callee = evaluate(node.func, scope)
    positional: list[Value] = []
    keywords: dict[str, Value] = {}
    complete = True
    for argument in node.args:
        if type(argument) is ast.Starred:
            more = elements(process, evaluate(argument.value, scope))
            complete = complete and more is not None
            positional += more or []
        else:
            positional.append(evaluate(argument, scope))
    for keyword in node.keywords:
        value = evaluate(keyword.value, scope)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
        else:
            complete = _spread(process, keywords, value) and complete
    where = process.where
    process.where = (scope.path, node.lineno)
    if type(callee) is External:  # most of all calls
        result = library.call_external(process, callee.name, positional, keywords, node, complete)
    else:
        result = call(process, callee, positional, keywords, node, complete)
    process.where = where
    return result


def _spread(process: Process, keywords: dict[str, Value], value: Value) -> bool:
    """Add `**value` to keywords; return whether all of them are known."""
    if not isinstance(value, Dict):
        return False
    process.world.uses.iterate(value)
    keywords.update({str(k): v for k, v in value.items.items() if isinstance(k, str)})
    return value.exact


def _super(process: Process) -> Value:
    activation = process.activation
    function = activation.function
    if function is not None and function.owner is not None and activation.receiver is not None:
        return Super(activation.receiver, function.owner)
    return UNKNOWN


def call(
    process: Process,
    callee: Value,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
    complete: bool = True,
) -> Value:
    """Call whatever `callee` is. `complete` if no argument is hidden in an unknown `*` or `**`."""
    if type(callee) is Unknown:  # more than any other
        return _call_unseen(process, positional, keywords, node)
    if isinstance(callee, Function):
        receiver = positional[0] if positional else None
        return run_function(process, callee, positional, keywords, node, complete, receiver)
    if isinstance(callee, Bound):
        values = [callee.receiver, *positional]
        return run_function(
            process, callee.function, values, keywords, node, complete, callee.receiver
        )
    if isinstance(callee, Partial):
        values = [*callee.positional, *positional]
        merged = {**callee.keywords, **keywords}
        return call(process, callee.target, values, merged, node, complete)
    if isinstance(callee, Class):
        return classes.instantiate(process, callee, positional, keywords, node, complete)
    if isinstance(callee, Instance):
        return _call_instance(process, callee, positional, keywords, node, complete)
    if isinstance(callee, Method):
        return methods.call_method(process, callee, positional, keywords, node, complete)
    if isinstance(callee, External):
        return library.call_external(process, callee.name, positional, keywords, node, complete)
    if isinstance(callee, Layer):
        hand_over(process, list(keywords.values()))
        return layers.call(process, callee, positional, node)
    if isinstance(callee, (Dict, List)) or is_plain(callee):
        text = ast.unparse(node)[:100]
        raise process.error(
            "TypeError", f"'{type_name(callee)}' object is not callable: {text}", node
        )
    return _call_unseen(process, positional, keywords, node)


def _call_unseen(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        library.note_written(process, node.func.attr, positional, keywords)
    hand_over(process, [*positional, *keywords.values()])
    loosen(process, [*positional, *keywords.values()])
    return UNKNOWN_TEXT if _decodes(node) else UNKNOWN


def _decodes(node: ast.AST) -> bool:
    """Whether a call is `x.decode()`, which gives text; models have a `decode` with an argument."""
    named = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return named and node.func.attr == "decode" and not node.args  # type: ignore[attr-defined]


def _call_instance(
    process: Process,
    callee: Instance,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
    complete: bool,
) -> Value:
    for name in ("__call__", "forward"):
        found = callee.cls.find(name)
        if isinstance(found, Function):
            return call(process, Bound(found, callee), positional, keywords, node, complete)
    hand_over(process, [*positional, *keywords.values()])
    return UNKNOWN


def run_function(
    process: Process,
    function: Function,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
    complete: bool,
    receiver: Value,
) -> Value:
    """Bind the arguments and run the body; return what the function returns."""
    active = sum(1 for a in process.activations if a.function is function)
    if len(process.stack) >= 48 or active >= RECURSION:
        _not_followed(process, function, [*positional, *keywords.values()])
        return UNKNOWN
    memory = memory_key(process, function, positional, keywords, complete)
    if memory is not None and memory in process.memory:
        return process.memory[memory]
    cached = cache_key(function, positional, keywords)
    if cached is not None and cached in process.cached:
        return process.cached[cached]
    scope = Scope("function", function.path, function.scope, function.node)
    bind_parameters(process, function, scope, positional, keywords, node, complete)
    writes = process.journal.writes
    frame = Frame(process.where[0], getattr(node, "lineno", process.where[1]), function.name)
    activation = Activation(function, receiver)
    process.stack.append(frame)
    process.activations.append(activation)
    depth = len(process.no_grad)
    if function.wrappers:
        process.no_grad += library.gradient_wrappers(function)
    try:
        result = _run_body(process, function, scope)
    finally:
        process.activations.pop()
        process.stack.pop()
        del process.no_grad[depth:]
    if cached is not None:
        process.cached[cached] = result
    if memory is not None and isinstance(result, Unknown) and not activation.failed:
        own = len(scope.variables) + 64
        if process.journal.writes - writes <= own:
            process.memory[memory] = result
    return result


def _not_followed(process: Process, function: Function, given: list[Value]) -> None:
    """Let a call that is not followed have changed what it is given and what it names."""
    names: Names = process.world.names(function.path)
    scope: Scope | None = function.scope
    reached = list(given)
    while scope is not None:
        held = scope.variables
        reached += [held[n] for n in names.loaded(function.node) if n in held]
        scope = scope.parent
    loosen(process, reached)


def _run_body(process: Process, function: Function, scope: Scope) -> Value:
    node = function.node
    if isinstance(node, ast.Lambda):
        return process.evaluate(node.body, scope)
    if node in process.world.names(function.path).generators:
        branch(process, [lambda: _drain(process, node, scope), lambda: None])
        return List(exact=False, nonempty=True, once=True)
    activation = process.activation
    try:
        process.block(node.body, scope)
        result: Value = None
    except Returned as returned:
        result = returned.value
        released(returned)
    except Raised as raised:
        return _after_exception(process, released(raised))
    close_tails(process, 0)
    if activation.failed:
        return UNKNOWN
    return join([*activation.possible_returns, result])


def _after_exception(process: Process, raised: Raised) -> Value:
    """Go on after a call that raised: it may have returned before, or is recorded, or passes on."""
    activation = process.activation
    partial = bool(activation.tails)
    close_tails(process, 0, raised=True)
    if activation.possible_returns:
        return join(activation.possible_returns)
    if partial:
        return UNKNOWN
    if (
        raised.explicit
        and process.certain
        and raised.exception not in ("SystemExit", "StopIteration")
    ):
        process.record(raised)
        return UNKNOWN
    raise raised


def _drain(process: Process, node: ast.FunctionDef, scope: Scope) -> None:
    process.rounds += 1
    try:
        process.block(node.body, scope)
    except Returned:
        pass
    finally:
        process.rounds -= 1
        close_tails(process, 0)


__all__ = ["call", "hand_over", "run_function"]

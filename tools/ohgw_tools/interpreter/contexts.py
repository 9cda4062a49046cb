"""Contexts: the `with` statement, gradients switched off, exceptions that a context swallows."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.dispatch import statement
from ohgw_tools.interpreter.signals import Jumped, Raised, Returned
from ohgw_tools.interpreter.statements import bind
from ohgw_tools.interpreter.values import (
    UNKNOWN,
    Bound,
    External,
    FileValue,
    Function,
    Instance,
    PathValue,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process
    from ohgw_tools.interpreter.scope import Scope

GRAD_OFF = ("torch.no_grad", "torch.inference_mode")
GRAD_ON = ("torch.enable_grad", "torch.set_grad_enabled")
SUPPRESSING = ("contextlib.suppress()", "contextlib.ExitStack()", "pytest.raises()")


def _may_suppress(context: Value) -> bool:
    """Whether an `__exit__` of the bundle may return something true, or what it returns is not
    known.
    """
    if not isinstance(context, Instance):
        return isinstance(context, Unknown) and context.kind is None
    leave = context.cls.find("__exit__")
    if not isinstance(leave, Function) or isinstance(leave.node, ast.Lambda):
        return True
    returned = (n.value for n in ast.walk(leave.node) if isinstance(n, ast.Return))
    return any(v is not None and not _is_false(v) for v in returned)


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value


@statement(ast.With, ast.AsyncWith)
def run_with(process: Process, node: ast.With, scope: Scope) -> None:
    """Enter the contexts, run the body. Some contexts may swallow what the body raises."""
    depth = len(process.no_grad)
    suppressing = False
    contexts: list[Value] = []
    for item in node.items:
        value = process.evaluate(item.context_expr, scope)
        name = value.name if isinstance(value, External) else ""
        suppressing = suppressing or name in SUPPRESSING or _may_suppress(value)
        if name.rstrip("()") in GRAD_OFF:
            # `inference_mode(mode)` is told whether to switch gradients off
            told = isinstance(item.context_expr, ast.Call) and _has_arguments(item.context_expr)
            process.no_grad.append("on" if told else "off")
        elif name.rstrip("()") in GRAD_ON:
            process.no_grad.append("on")
        entered = _enter(process, value, node)
        contexts.append(value)
        if item.optional_vars is not None:
            bind(process, item.optional_vars, entered, scope)
    process.guarded += suppressing
    left: Returned | Jumped | None = None
    try:
        process.block(node.body, scope)
    except Raised:
        if not suppressing:
            raise
    except (Returned, Jumped) as leaving:
        left = leaving
    finally:
        process.guarded -= suppressing
        del process.no_grad[depth:]
    for value in reversed(contexts):
        _leave(process, value, node)
    if left is not None:
        raise left


def _has_arguments(node: ast.Call) -> bool:
    return bool(node.args or node.keywords)


def _enter(process: Process, value: Value, node: ast.With) -> Value:
    """Return what a context gives its body, after its `__enter__` has run."""
    if not isinstance(value, Instance):
        return value if isinstance(value, (FileValue, PathValue)) else UNKNOWN
    own = value.cls.find("__enter__")
    if not isinstance(own, Function):
        return UNKNOWN if value.cls.external_bases() or value.cls.open else value
    return process.call(Bound(own, value), [], {}, node)


def _leave(process: Process, value: Value, node: ast.With) -> None:
    """Run the `__exit__` of a context whose body came to its end."""
    own = value.cls.find("__exit__") if isinstance(value, Instance) else None
    if isinstance(own, Function):
        process.call(Bound(own, value), [None, None, None], {}, node)

"""weight-warm-start: a hyper-gradient step that moves the model's weights."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.descent import descend
from ohgw_tools.subject import Subject

NAME = "weight-warm-start"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = "What should move hyper-parameters by their gradient takes a step on the weights."

_METHOD = re.compile(r"hyper-?\s?gradient", re.IGNORECASE)
_FUNCTION = re.compile(r"ohgw|warm_?start|hyper_?grad", re.IGNORECASE)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each function of an experiment on hyper-gradients that is named for them,
    differentiates a loss with respect to `model.parameters()` and writes into those parameters.

    A look-ahead that puts the weights back (it copies them first) is none.
    """
    texts = [subject.bundle.experiment.description, *map(str, subject.bundle.method.values())]
    if not any(_METHOD.search(text) for text in texts):
        return
    for path, file in subject.python_files():
        for function in file.nodes(ast.FunctionDef):
            if not _FUNCTION.search(function.name) or not _differentiates(function):
                continue
            write = _write(function)
            if write is None or _copies(function):
                continue
            yield subject.finding(
                __name__,
                f"{function.name} takes the gradient of the loss for the weights and steps on the "
                "weights; the method moves hyper-parameters and leaves weights alone",
                path,
                write,
                subject=function.name,
                data={"function": function.name, "line": function.lineno},
            )


def _differentiates(function: ast.FunctionDef) -> bool:
    """Whether it takes a gradient with respect to the parameters of a model."""
    for node in descend(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "grad" and any(_is_parameters(a) for a in node.args[1:2]):
                return True
            if node.func.attr == "backward" and _loops(function):
                return True
    return False


def _is_parameters(node: ast.expr) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr == "parameters"
    return isinstance(node, ast.Call) and any(_is_parameters(a) for a in node.args)


def _loops(function: ast.FunctionDef) -> list[ast.For]:
    """The loops over the parameters of a model, alone or zipped with gradients."""
    return [
        node
        for node in descend(function)
        if isinstance(node, ast.For)
        and (
            _is_parameters(node.iter)
            or (isinstance(node.iter, ast.Call) and any(_is_parameters(a) for a in node.iter.args))
        )
    ]


def _write(function: ast.FunctionDef) -> ast.stmt | None:
    """The statement in such a loop that changes the parameter in place."""
    for loop in _loops(function):
        target = loop.target.elts[0] if isinstance(loop.target, ast.Tuple) else loop.target
        if not isinstance(target, ast.Name):
            continue
        for node in descend(loop):
            if isinstance(node, ast.AugAssign) and _root(node.target) == target.id:
                return node
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                called = node.value.func
                in_place = isinstance(called, ast.Attribute) and called.attr in ("sub_", "add_")
                if in_place and _root(called) == target.id:
                    return node
    return None


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _copies(function: ast.FunctionDef) -> bool:
    called = {n.attr for n in descend(function) if isinstance(n, ast.Attribute)}
    return bool(called & {"clone", "deepcopy", "copy_", "load_state_dict"})

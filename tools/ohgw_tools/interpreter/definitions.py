"""Definitions and imports: functions, classes, modules."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ohgw_tools.interpreter import enumerations
from ohgw_tools.interpreter.callbacks import loosen
from ohgw_tools.interpreter.classes import says
from ohgw_tools.interpreter.dispatch import statement
from ohgw_tools.interpreter.scope import Scope
from ohgw_tools.interpreter.values import (
    MISSING,
    UNKNOWN,
    Bound,
    Class,
    External,
    Function,
    Partial,
    Value,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

# Decorators of libraries after which a function is still called as it was written.
TRANSPARENT = ("torch.no_grad", "torch.inference_mode", "torch.enable_grad", "torch.jit",
               "torch.compile", "functools.wraps", "functools.lru_cache", "functools.cache", "abc.",
               "typing.", "numba.njit", "numba.jit", "atexit", "jax.jit",
               "tf.function")  # fmt: skip
KINDS = {
    "property": "property",
    "cached_property": "property",
    "functools.cached_property": "property",
    "staticmethod": "static",
    "classmethod": "class",
}


@statement(ast.FunctionDef, ast.AsyncFunctionDef)
def define_function(process: Process, node: ast.FunctionDef, scope: Scope) -> None:
    """Bind a function, as its decorators make it."""
    function = Function(node, scope, scope.path, node.name)
    function.defaults = [process.evaluate(d, scope) for d in node.args.defaults]
    function.keyword_defaults = [
        None if d is None else process.evaluate(d, scope) for d in node.args.kw_defaults
    ]
    value: Value = function
    for decorator in reversed(node.decorator_list):
        text = ast.unparse(decorator)
        function.abstract = function.abstract or text.endswith("abstractmethod")
        if text in KINDS:
            function.kind = KINDS[text]
            function.cached = text.endswith("cached_property")
        elif text.endswith((".setter", ".deleter")):
            _add_setter(function, text, scope)
            return
        else:
            value = _decorate(process, decorator, value, scope)
    process.assign_name(node.name, value, scope)


def _add_setter(function: Function, text: str, scope: Scope) -> None:
    """Give a property the function that takes what is assigned to it."""
    prop, _, kind = text.rpartition(".")
    value = scope.variables.get(prop)
    if kind == "setter" and isinstance(value, Function):
        value.setter = function


def _decorate(process: Process, decorator: ast.expr, value: Value, scope: Scope) -> Value:
    wrapper = process.evaluate(decorator, scope)
    if isinstance(wrapper, (Function, Bound, Partial)) or wrapper is None:
        result = process.call(wrapper, [value], {}, decorator)
        return result if isinstance(result, (Function, Bound, Partial, Class)) else UNKNOWN
    if isinstance(wrapper, External) and isinstance(value, Function):
        name = wrapper.name.removesuffix("()")
        value.wrappers = (*value.wrappers, name)
        if name == "hydra.main":
            given = _arguments(process, decorator, scope)
            return Partial(External("hydra.main.run"), [value, given], {})
        if not name.startswith(TRANSPARENT):
            process.hand_over([value])
            return UNKNOWN
        return value
    return value if isinstance(wrapper, External) else UNKNOWN


def _arguments(process: Process, decorator: ast.expr, scope: Scope) -> Value:
    if not isinstance(decorator, ast.Call):
        return {}
    return {k.arg: process.evaluate(k.value, scope) for k in decorator.keywords if k.arg}


@statement(ast.ClassDef)
def define_class(process: Process, node: ast.ClassDef, scope: Scope) -> None:
    """Run the body, then bind the class, as its decorators make it."""
    bases = [process.evaluate(b, scope) for b in node.bases]
    bases = [b for b in bases if not (isinstance(b, External) and b.name == "builtins.object")]
    inside = Scope("class", scope.path, scope)
    cls = Class(node.name, bases, inside.variables, scope.path, node, open=bool(node.keywords))
    process.block(node.body, inside)
    for value in inside.variables.values():
        if isinstance(value, Function) and value.owner is None:
            value.owner = cls
    enumerations.enter(process, cls)
    made = _make_class(process, node, cls, scope)
    value = _decorate_class(process, node, cls, scope)
    process.assign_name(node.name, value if made else UNKNOWN, scope)


def _make_class(process: Process, node: ast.ClassDef, cls: Class, scope: Scope) -> bool:
    """Let parents and metaclass do what they do with a new class. False if a metaclass, which may
    return anything, is one of the bundle.
    """
    given = {k.arg: process.evaluate(k.value, scope) for k in node.keywords if k.arg}
    metaclass = given.pop("metaclass", None)
    hooks = [b.find("__init_subclass__") for b in cls.bases if isinstance(b, Class)]
    for hook in hooks:
        if isinstance(hook, Function):
            process.call(Bound(hook, cls), [], given, node)
    cls.open = cls.open or any(hook is not MISSING for hook in hooks)
    if isinstance(metaclass, Class):
        process.hand_over([cls, *metaclass.namespace.values()])
        loosen(process, list(metaclass.namespace.values()))
    return not isinstance(metaclass, Class)


def _decorate_class(process: Process, node: ast.ClassDef, cls: Class, scope: Scope) -> Value:
    value: Value = cls
    for decorator in reversed(node.decorator_list):
        text = ast.unparse(decorator).split("(")[0]
        if text.split(".")[-1] == "dataclass":
            cls.dataclass = True
            cls.frozen = cls.frozen or says(decorator, "frozen", True)
            continue
        wrapper = process.evaluate(decorator, scope)
        if isinstance(wrapper, (Function, Bound, Partial)) or wrapper is None:
            result = process.call(wrapper, [value], {}, decorator)
            value = result if isinstance(result, Class) else UNKNOWN
        else:
            cls.open = True
    return value


@statement(ast.Import)
def import_module(process: Process, node: ast.Import, scope: Scope) -> None:
    """Bind modules of the bundle, or names of libraries."""
    for alias in node.names:
        root = alias.name.split(".")[0]
        path = process.world.module_path(alias.name)
        value: Value
        if path is not None:
            value = process.load(path, alias.name)
            if not alias.asname and "." in alias.name:
                value = UNKNOWN
        elif process.world.is_own_package(root):
            message = f"No module named '{alias.name}'"
            process.complain(process.error("ModuleNotFoundError", message, node))
            value = UNKNOWN
        else:
            value = External(alias.name if alias.asname else root)
        process.assign_name(alias.asname or root, value, scope)


@statement(ast.ImportFrom)
def import_from(process: Process, node: ast.ImportFrom, scope: Scope) -> None:
    """Bind names of a module of the bundle, or of a library."""
    if node.module == "__future__":
        return
    package = scope.path.removesuffix(".py").split("/")[:-1]
    if node.level:
        above = package[: len(package) - node.level + 1]
        full = ".".join([*above, *([node.module] if node.module else [])])
    else:
        full = node.module or ""
    path = process.world.module_path(full)
    own = bool(node.level) or process.world.is_own_package(full.split(".")[0])
    for alias in node.names:
        bound = alias.asname or alias.name
        if path is None and not own:
            process.assign_name(bound, External(f"{full}.{alias.name}"), scope)
        elif path is None:
            process.assign_name(bound, _submodule(process, full, alias.name, node), scope)
        elif alias.name == "*":
            for name, value in process.load(path, full).variables.items():
                if not name.startswith("_"):
                    process.assign_name(name, value, scope)
        else:
            process.assign_name(bound, _member(process, path, full, alias.name, node), scope)


def _submodule(process: Process, package: str, name: str, node: ast.stmt) -> Value:
    path = process.world.module_path(f"{package}.{name}" if package else name)
    if path is not None:
        return process.load(path, f"{package}.{name}")
    if process.world.is_package(package):
        message = f"cannot import name '{name}' from '{package}'"
        process.complain(process.error("ImportError", message, node))
    else:
        message = f"No module named '{package}'"
        process.complain(process.error("ModuleNotFoundError", message, node))
    return UNKNOWN


def _member(process: Process, path: str, full: str, name: str, node: ast.stmt) -> Value:
    module = process.load(path, full)
    if name in module.variables:
        return module.variables[name]
    submodule = process.world.module_path(f"{full}.{name}")
    if submodule is not None:
        return process.load(submodule, f"{full}.{name}")
    if "__getattr__" not in module.variables:
        message = f"cannot import name '{name}' from '{full}' ({path})"
        process.complain(process.error("ImportError", message, node))
    return UNKNOWN

"""Exceptions and patterns: which handler takes which exception, which case fits which value."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.signals import Raised
from ohgw_tools.interpreter.values import Class, External, Instance, Unknown, Value, is_plain

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process
    from ohgw_tools.interpreter.scope import Scope

BUILT_IN: dict[str, type[BaseException]] = {
    name: value
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}
ANY = "*"
# Exceptions of libraries that inherit from one of Python's.
LIBRARY = {"JSONDecodeError": "ValueError", "ConfigAttributeError": "AttributeError",
           "ConfigKeyError": "KeyError", "FrozenInstanceError": "AttributeError"}  # fmt: skip
EXITS = ("Exit", "Abort")  # what libraries for command lines end a program with
MISSING_LIBRARY = {"ImportError", "ModuleNotFoundError"}


def _names(handler: ast.ExceptHandler) -> list[str]:
    if handler.type is None:
        return ["BaseException"]
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return [ast.unparse(t).split(".")[-1] for t in types]


def handles(process: Process, handler: ast.ExceptHandler, raised: Raised, scope: Scope) -> bool:
    """Whether a handler takes an exception, or may take it as far as can be seen."""
    if handler.type is None:
        return True
    return any(_takes(name, raised) for name in _classes(process, handler.type, scope))


def _classes(process: Process, node: ast.expr, scope: Scope) -> list[str]:
    """Return the names of the classes that an expression stands for, `*` if it may be any."""
    if isinstance(node, ast.Tuple):
        return [name for each in node.elts for name in _classes(process, each, scope)]
    try:
        value = process.evaluate(node, scope)
    except Raised:
        return [ANY]
    values = value if isinstance(value, tuple) else (value,)
    return [names_of(v)[0] for v in values]


def names_of(value: Value) -> tuple[str, ...]:
    """Return the names of an exception's class, or of its object, and of its parents."""
    if isinstance(value, Instance):
        value = value.cls
    if isinstance(value, External):
        return (value.name.removesuffix("()").split(".")[-1],)
    if not isinstance(value, Class):
        return (ANY,)
    own = tuple(c.name for c in value.mro())
    unseen = any(isinstance(b, Unknown) for c in value.mro() for b in c.bases)
    above = tuple(name.split(".")[-1] for name in value.external_bases())
    return (*own, *above, *((ANY,) if unseen else ()))


def _takes(name: str, raised: Raised) -> bool:
    if name in (ANY, "BaseException") or name in raised.kinds or ANY in raised.kinds:
        return True
    if name == "Exception":
        return raised.exception not in ("SystemExit", "KeyboardInterrupt")
    known = [BUILT_IN.get(LIBRARY.get(k, k)) for k in raised.kinds]
    if name not in BUILT_IN:  # of a library: which of its own it takes is not seen
        return None in known and not _is_own(name, raised)
    return any(k is not None and issubclass(k, BUILT_IN[name]) for k in known)


def _is_own(name: str, raised: Raised) -> bool:
    """Whether the exception is of a class of the bundle, with parents that are all seen."""
    return len(raised.kinds) > 1 and name not in raised.kinds


def for_missing_libraries(handler: ast.ExceptHandler) -> bool:
    """Whether a handler is only for libraries that are not installed: declared ones are."""
    return set(_names(handler)) <= MISSING_LIBRARY


def only_imports(body: list[ast.stmt]) -> bool:
    """Whether a try body only imports and sets flags."""
    imports = any(isinstance(n, (ast.Import, ast.ImportFrom)) for n in body)
    return imports and all(isinstance(n, (ast.Import, ast.ImportFrom, ast.Assign)) for n in body)


def fits(process: Process, case: ast.match_case, subject: Value) -> bool | None:
    """Whether a case takes the subject: None if that is not certain."""
    answer = _fits(process, case.pattern, subject)
    return None if answer and case.guard is not None else answer


def _fits(process: Process, pattern: ast.pattern, subject: Value) -> bool | None:
    if isinstance(pattern, ast.MatchAs):
        return True if pattern.pattern is None else _fits(process, pattern.pattern, subject)
    if isinstance(pattern, ast.MatchOr):
        answers = [_fits(process, p, subject) for p in pattern.patterns]
        return True if True in answers else (None if None in answers else False)
    if isinstance(pattern, ast.MatchValue) and is_plain(subject):
        if isinstance(pattern.value, ast.Constant):
            matched = bool(pattern.value.value == subject)
            process.world.uses.compare(subject, (str(pattern.value.value),), matched, process.where)
            return matched
        return None
    return None

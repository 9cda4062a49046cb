"""Exceptions and patterns: which handler takes which exception, which case fits which value."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.values import Value, is_plain

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

BUILT_IN: dict[str, type[BaseException]] = {
    name: value
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}
MISSING_LIBRARY = {"ImportError", "ModuleNotFoundError"}


def _names(handler: ast.ExceptHandler) -> list[str]:
    if handler.type is None:
        return ["BaseException"]
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return [ast.unparse(t).split(".")[-1] for t in types]


def handles(handler: ast.ExceptHandler, exception: str) -> bool:
    """Whether a handler takes an exception, by the names of both."""
    for name in _names(handler):
        if name in (exception, "BaseException"):
            return True
        if name == "Exception" and exception != "SystemExit":
            return True
        if name in BUILT_IN and issubclass(BUILT_IN.get(exception, Exception), BUILT_IN[name]):
            return True
    return False


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

"""Libraries: the functions that the interpreter knows; everything else gives unknown values."""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING

from ohgw_tools.interpreter import (
    concurrency,
    files,
    torch_objects,
)
from ohgw_tools.interpreter.builtin_functions import call_builtin
from ohgw_tools.interpreter.callbacks import loosen
from ohgw_tools.interpreter.library_facts import check_arguments, is_sink, only_reads
from ohgw_tools.interpreter.library_facts import has_attribute as has_attribute
from ohgw_tools.interpreter.library_functions import FUNCTIONS
from ohgw_tools.interpreter.library_keywords import check_keywords
from ohgw_tools.interpreter.library_name import SAVING, is_opaque, unknown_result
from ohgw_tools.interpreter.values import (
    UNKNOWN,
    External,
    Function,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process


def call_external(
    process: Process,
    name: str,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
    complete: bool,
) -> Value:
    """Call a library function by its dotted name."""
    if is_opaque(name) and name not in FUNCTIONS:
        if positional or keywords:
            _give(process, name, [*positional, *keywords.values()])
        return unknown_result(name)
    if name.startswith("builtins."):
        return call_builtin(process, name[9:], positional, keywords, node, complete)
    if name.startswith("os.path."):
        return files.os_path(process, name[8:], positional, node)
    if name.startswith("subprocess."):
        return process.world.spawn(process, name, positional, keywords, node)
    if is_sink(name):
        return unknown_result(name)
    if name.startswith("math.") and all(isinstance(p, (int, float, str)) for p in positional):
        return _math(process, name[5:], positional, node)
    known = FUNCTIONS.get(name)
    if known is not None:
        return known(process, positional, keywords, node)
    check_keywords(process, name, keywords, node)
    check_arguments(process, name, positional, keywords, node)
    if name.endswith(concurrency.SUBMITTING) and concurrency.submit(process, positional, node):
        return External(f"{name}()")
    created = None
    if complete:
        created = torch_objects.create(process, name, positional, keywords, node)
    if created is not None:
        process.hand_over([*positional, *keywords.values()])
        return created
    note_written(process, name, positional, keywords)
    _give(process, name, [*positional, *keywords.values()])
    return unknown_result(name)


def _give(process: Process, name: str, values: list[Value]) -> None:
    process.hand_over(values)
    if not only_reads(name):
        loosen(process, values)


def note_written(
    process: Process, name: str, positional: list[Value], keywords: dict[str, Value]
) -> None:
    """Remember the files that figures, checkpoints and tables are saved to."""
    last = name.split(".")[-1]
    if last.startswith(SAVING):
        texts = [files.text_of(v) for v in (*positional[:2], *keywords.values())]
        paths = [t for t in texts if t is not None and "." in t.split("/")[-1]]
        for path in paths:
            files.write(process, path, Unknown(str))
        if not paths:
            process.world.interpretation.blind_writes = True


def gradient_wrappers(function: Function) -> list[str]:
    """Return what decorators such as `torch.no_grad()` do to gradients in a function's body."""
    modes = {"torch.no_grad": "off", "torch.inference_mode": "off", "torch.enable_grad": "on"}
    return [modes[w] for w in function.wrappers if w in modes]


def _math(process: Process, name: str, positional: list[Value], node: ast.AST) -> Value:
    function = getattr(math, name, None)
    large = any(isinstance(p, (int, float)) and abs(p) > 1e15 for p in positional)
    if not callable(function) or large:
        return UNKNOWN
    try:
        result: Value = function(*positional)
    except (ValueError, TypeError, ZeroDivisionError) as error:
        raise process.error(type(error).__name__, str(error), node) from error
    except OverflowError:
        return UNKNOWN
    return result

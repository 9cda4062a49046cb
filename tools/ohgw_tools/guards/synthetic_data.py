"""synthetic-data: made-up data stand in for the experiment's."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ohgw_tools.editing.change import Change, called
from ohgw_tools.finding import Finding, IssueKind, Severity

NAME = "guard-synthetic-data"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = "A patch lets random or made-up data stand in for the experiment's."

_WORD = re.compile(
    r"synthetic|fake|dummy|mock(?:ed)?\b|made[-_ ]?up|random_?(?:data|tokens|text)", re.I
)
_MAKERS = re.compile(
    r"(?:^|\.)(?:FakeData|make_(?:classification|blobs|regression|moons)|RandomDataset)$"
)
_RANDOM = re.compile(
    r"^(?:torch\.(?:randn?|randint|rand_like|randn_like)|(?:np|numpy)\.random\.\w+|random\.\w+"
    r"|\w*rng\w*\.\w+)$"
)
_WRAPPERS = re.compile(
    r"(?:^|\.)(?:TensorDataset|from_dict|from_list|from_tensor_slices|DataLoader)$"
)


def inspect(change: Change) -> Iterator[Finding]:
    """Refuse makers of random data and random fallbacks, unless the experiment itself speaks of
    synthetic data; names that say `dummy` or `synthetic` are shown to the reviewer.
    """
    if _WORD.search(change.text) or "generated data" in change.text:
        return
    for path, node in change.nodes(ast.Call):
        name = called(node)
        if _MAKERS.search(name):
            message = f"{name} makes data up"
            yield change.finding(__name__, message, path, node)
        elif _RANDOM.match(name) and _stands_in(change, path, node):
            message = f"{ast.unparse(node)[:120]} stands in for data"
            yield change.finding(__name__, message, path, node)
    yield from _named(change)


def _stands_in(change: Change, path: str, node: ast.Call) -> bool:
    """Whether random numbers are a dataset: a fallback, wrapped, or what a loader returns."""
    for above in change.around(path, node):
        if isinstance(above, ast.ExceptHandler):
            return True
        if isinstance(above, ast.Call) and _WRAPPERS.search(called(above)):
            return True
        if isinstance(above, ast.Return) and _is_loader(change, path, above):
            return isinstance(above.value, ast.Tuple | ast.Dict | ast.List) or above.value is node
        if isinstance(above, ast.FunctionDef):
            return False
    return False


def _is_loader(change: Change, path: str, node: ast.AST) -> bool:
    for above in change.around(path, node):
        if isinstance(above, ast.FunctionDef):
            return bool(
                re.search(r"load|get_data|dataset|dataloader|__getitem__", above.name, re.I)
            )
    return False


def _named(change: Change) -> Iterator[Finding]:
    for path in change.paths:
        for number, line in change.added(path).items():
            match = _WORD.search(line)
            if match and not re.search(r"\b(?:no|not|never|instead of|without)\b", line, re.I):
                file = change.after.python(path)
                severe = bool(file) and _in_handler(change, path, number)
                message = f"the patch speaks of {match.group()!r} data"
                yield change.finding(__name__, message, path, number, severe=severe)


def _in_handler(change: Change, path: str, number: int) -> bool:
    file = change.after.python(path)
    return file is not None and any(
        handler.lineno <= number <= (handler.end_lineno or 0)
        for handler in file.nodes(ast.ExceptHandler)
    )

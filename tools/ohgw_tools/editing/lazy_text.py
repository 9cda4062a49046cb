"""LazyText: lines that stand for code instead of being it, such as `# ... rest unchanged`."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter

from ohgw_tools.source.python_parse import parse_python

# An elision is short; a longer comment is read this far, so that no pattern takes long.
MAX_COMMENT = 160
_REST = (
    r"(?:the\s+)?(?:rest|remainder|remaining|other|existing|previous|original|same)\b[^\n]{0,60}"
)
_STATE = (
    r"(?:unchanged|the\s+same|same\s+as|as\s+(?:before|is|above|in\s+the)|not\s+changed|"
    r"no\s+changes?|here|omitted|continues?|goes\s+here|untouched|stays?|remains?)"
)
# What counts as lazy inside a comment. `...` alone, `... rest of the code`, `[UNCHANGED]`,
# `existing code here`, `rest of the file unchanged`, `omitted for brevity`.
_COMMENT = re.compile(
    rf"""^\W*(?:
        (?:\.{{3,}}|…)\W*$
        | (?:\.{{3,}}|…)\s*(?:\(?\s*)?{_REST}
        | (?:\.{{3,}}|…).*(?:\.{{3,}}|…)\W*$
        | {_REST}\b{_STATE}\b.*
        | (?:existing|previous|original|remaining)\s+(?:code|implementation|lines|imports
            |functions?|methods?|content|logic|body|class(?:es)?)\W*(?:here|above|below|unchanged|remains?.*)?\W*$
        | (?:rest|remainder)\s+of\s+(?:the\s+|this\s+|your\s+)?(?:\w+\s+)?(?:code|file|class
            |function|method|module|implementation|config|script|runs?|block)\b.*
        | (?:code|file|function|class|method|lines?|this|everything\s+else
            |all\s+else|no\s+changes?)?\s*(?:is|are|was|left)?
            \s*(?:unchanged|not\s+modified|no\s+changes?(?:\s+(?:needed|here))?)
            \W*(?:[-–—(:].*)?$
        | (?:same|unchanged)\s+(?:as|from)\s+(?:before|above|the\s+(?:base|original|previous))\b.*
        | .*\bomitted\s+for\s+(?:brevity|clarity|space)\b.*
        | .*\bunchanged\s*[-–—:]\s*see\s+(?:the\s+)?previous\b.*
    )""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_MARKER = re.compile(r"\[\s*UNCHANGED\s*\]|<\s*UNCHANGED\s*>")
# Where a statement may begin.
_STATEMENT = re.compile(r"(?:^|[\s:;(])\.\.\.")
_BARE = re.compile(r"\s*(?:-\s+)?(?:\.{3,}|…|\[\s*\.{3}\s*\]|<\s*\.{3}\s*>)\s*$")


def new_lazy_lines(path: str, before: str, after: str) -> tuple[tuple[int, str], ...]:
    """Return lazy lines (number from 1, text) that `after` has and `before` had fewer of."""
    now = lazy_lines(path, after)
    left = Counter(text for _, text in lazy_lines(path, before)) if now else Counter[str]()
    found = []
    for number, text in now:
        if left[text] > 0:
            left[text] -= 1
        else:
            found.append((number, text))
    return tuple(found)


def lazy_lines(path: str, text: str) -> tuple[tuple[int, str], ...]:
    """Return all lines of `text` that stand for something left out: number from 1, stripped."""
    lines = text.split("\n")
    found = {n for n, line in enumerate(lines, 1) if _MARKER.search(line)}
    if path.endswith(".py"):
        found |= _python_comments(text) | _ellipsis_bodies(text)
    else:
        for number, line in enumerate(lines, 1):
            comment = re.search(r"(?:^|\s)(?:#|//)(.*)$", line)
            if _BARE.match(line) or (comment and _COMMENT.match(comment.group(1)[:MAX_COMMENT])):
                found.add(number)
    return tuple((n, lines[n - 1].strip()) for n in sorted(found))


def says_rest_unchanged(line: str) -> bool:
    """Whether one line of a quoted text is an elision: `...`, or a comment that says so."""
    comment = re.match(r"\s*(?:#|//|--|<!--|/\*)(.*)$", line)
    return bool(_BARE.match(line) or _MARKER.search(line)) or bool(
        comment and _COMMENT.match(comment.group(1)[:MAX_COMMENT])
    )


def _python_comments(text: str) -> set[int]:
    found = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT and _COMMENT.match(
                token.string.lstrip("#")[:MAX_COMMENT]
            ):
                found.add(token.start[0])
    except (tokenize.TokenError, SyntaxError):
        # Text that does not tokenize is refused as such; its lines are still looked at one by one.
        for number, line in enumerate(text.split("\n"), 1):
            if says_rest_unchanged(line):
                found.add(number)
    return found


def _ellipsis_bodies(text: str) -> set[int]:
    """Lines of statements that are `...` alone, where they do not belong (protocols, overloads)."""
    if not _STATEMENT.search(text):  # most files have none, and need no parse
        return set()
    try:
        module = parse_python(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    nodes = list(ast.walk(module))
    alone = [
        node
        for node in nodes
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and node.value.value is Ellipsis
    ]
    fitting = set()
    for node in nodes if alone else ():
        if _may_be_empty(node):
            fitting |= {id(inner) for inner in ast.walk(node)}
    return {node.lineno for node in alone if id(node) not in fitting}


def _may_be_empty(node: ast.AST) -> bool:
    if isinstance(node, ast.ClassDef):
        return any(_last_name(b) in ("Protocol", "TypedDict") for b in node.bases)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return any(_last_name(d) in ("overload", "abstractmethod") for d in node.decorator_list)
    return False


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Subscript):
        return _last_name(node.value)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")

"""Placeholder: a mark of work that was never done, found in Python, YAML or TOML."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

import yaml

from ohgw_tools.finding import Region
from ohgw_tools.source import wording
from ohgw_tools.source.python_file import Comment, Definition, PythonFile
from ohgw_tools.source.toml_file import TomlFile
from ohgw_tools.source.yaml_file import YamlFile

Form = Literal["comment", "word", "string", "value", "docstring", "name"]
File = PythonFile | YamlFile | TomlFile

_SPECIAL = {"pad", "unk", "eos", "bos", "sep", "cls", "mask", "s", "start", "end", "endoftext"}
_FILL_IN = re.compile(
    r"<[^<>|]{0,40}\b(?:your|insert|fill|path|replace|value|name|todo)\b[^<>|]{0,40}>"
    r"|\byour[_-][a-z_-]{1,40}[_-]here\b",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"<([A-Z][A-Z0-9_ -]{2,40})>")


class Placeholder(NamedTuple):
    """One placeholder: the token, what it stands in, and where. `live` ones take part in a run."""

    form: Form
    token: str
    region: Region

    @property
    def live(self) -> bool:
        """Whether the program itself carries it, in a string or a configured value."""
        return self.form in ("string", "value")

    @property
    def certain(self) -> bool:
        """Whether it can be nothing but unfinished work."""
        return self.form in ("string", "value", "comment")


def placeholders(file: File | None) -> tuple[Placeholder, ...]:
    """Return the placeholders of a file, found once for each content."""
    if isinstance(file, PythonFile):
        return file.derive(_in_python)
    if isinstance(file, YamlFile):
        return file.derive(_in_yaml)
    return tuple(_in_toml(file)) if file else ()


def docstrings(file: PythonFile) -> tuple[ast.Constant, ...]:
    """Return the docstrings of a module and all its definitions."""
    return file.derive(_docstrings)


def _docstrings(file: PythonFile) -> tuple[ast.Constant, ...]:
    found = []
    owners = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in file.nodes(*owners):
        match node.body[:1]:  # type: ignore[attr-defined]
            case [ast.Expr(value=ast.Constant(value=str()) as text)]:
                found.append(text)
    return tuple(found)


def in_comments(file: File) -> Iterator[Placeholder]:
    """Yield the placeholders in a file's comments."""
    for comment in file.comments:
        match = wording.marker(comment.text)
        if match:
            yield Placeholder("comment", match.text, _within(comment, match))
        elif match := wording.placeholder_word(comment.text):
            yield Placeholder("word", match.text, _within(comment, match))


def _in_python(file: PythonFile) -> tuple[Placeholder, ...]:
    return (*in_comments(file), *_in_strings(file), *_in_docstrings(file), *_in_names(file))


def _in_strings(file: PythonFile) -> Iterator[Placeholder]:
    documents = set(map(id, docstrings(file)))
    for node in file.nodes(ast.Constant):
        if not isinstance(node.value, str) or id(node) in documents:
            continue
        match = wording.marker(node.value)
        if match and not _is_guard(file, node) and not _is_label(file, node):
            yield Placeholder("string", match.text, file.region(node))


def _in_docstrings(file: PythonFile) -> Iterator[Placeholder]:
    for node in docstrings(file):
        for offset, text in enumerate(str(node.value).split("\n")):
            match = wording.marker(text)
            if match and not re.search(r"\b(?:no|not|never|without)\b", text[: wording.MAX]):
                region = file.source.line_region(min(node.lineno + offset, len(file.lines)))
                yield Placeholder("docstring", match.text, region)


def _in_names(file: PythonFile) -> Iterator[Placeholder]:
    for node in file.definitions:
        if re.search(r"place_?holder|todo", node.name, re.IGNORECASE):
            yield Placeholder("name", node.name, file.region(node))


def _is_label(file: PythonFile, node: ast.Constant) -> bool:
    """Whether the string is a word among others, such as a class label, or a bare statement."""
    match file.parent(node):
        case ast.Expr():
            return True
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            texts = [i.value for i in items if isinstance(i, ast.Constant)]
            others = [t for t in texts if isinstance(t, str) and not wording.marker(t)]
            return node.value in ("TODO", "XXX", "TBD") and bool(others)
    return False


def _is_guard(file: PythonFile, node: ast.Constant) -> bool:
    """Whether the string is only looked for, in order to refuse it: an assertion, or the test of an
    `if` that does nothing but raise.
    """
    below: ast.AST = node
    for above in file.ancestors(node):
        if isinstance(above, ast.Assert):
            return True
        if isinstance(above, ast.If):
            return below is above.test and all(isinstance(s, ast.Raise) for s in above.body)
        if isinstance(above, Definition):
            return False
        below = above
    return False


def _in_yaml(file: YamlFile) -> tuple[Placeholder, ...]:
    found = list(in_comments(file))
    if file.node is None:
        for number, line in enumerate(file.lines, 1):
            if match := wording.marker(line.split("#")[0]):
                found.append(Placeholder("value", match.text, file.source.line_region(number)))
        return tuple(found)
    seen: set[int] = set()
    for key, value in file.places.values():
        for node in (key, value):
            if isinstance(node, yaml.ScalarNode) and id(node) not in seen:
                seen.add(id(node))
                if token := _scalar_token(node):
                    found.append(Placeholder("value", token, file.node_region(node)))
    return tuple(found)


def _scalar_token(node: yaml.ScalarNode) -> str:
    text = node.value[: wording.MAX]
    if match := wording.marker(text):
        return match.text
    if not node.style and text in ("???", "..."):
        return str(text)
    if fill_in := _FILL_IN.search(text):
        return fill_in.group()
    if capitals := _CAPITALS.fullmatch(text):
        return "" if capitals[1].lower() in _SPECIAL else capitals.group()
    return ""


def _in_toml(file: TomlFile) -> Iterator[Placeholder]:
    yield from in_comments(file)
    comments = {comment.line: comment.column for comment in file.comments}
    for number, line in enumerate(file.lines, 1):
        code = line[: comments.get(number, len(line) + 1) - 1]
        if match := wording.marker(code):
            yield Placeholder("value", match.text, file.source.line_region(number))


def _within(comment: Comment, match: wording.Match) -> Region:
    return Region(
        start_line=comment.line,
        start_column=comment.column + match.start,
        end_line=comment.line,
        end_column=comment.column + match.end,
    )

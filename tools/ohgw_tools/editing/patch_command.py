"""PatchCommand: the one-line commands of a plain-text patch, and the edits that they stand for."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ohgw_tools.edit import (
    AddImport,
    AppendItem,
    Edit,
    InsertDefinition,
    RemoveDefinition,
    RemoveKey,
    ReplaceDefinition,
    SetKey,
    WriteFile,
)
from ohgw_tools.editing import edit_path, key_text
from ohgw_tools.editing.refusal import refused
from ohgw_tools.editing.slip import without_fence
from ohgw_tools.source.python_parse import parse_python
from ohgw_tools.tree import Tree

_VERBS = {
    "REPLACE DEFINITION": True,
    "INSERT DEFINITION": True,
    "REMOVE DEFINITION": False,
    "ADD IMPORT": True,
    "SET KEY": True,
    "REMOVE KEY": False,
    "APPEND ITEM": True,
    "NEW FILE": True,
}
_LINE = re.compile(rf"[\s#*`>-]*(?P<verb>{'|'.join(_VERBS)})\b[\s:*`]*(?P<rest>.*?)\s*$")

_ASSIGNMENT = re.compile(r"""((?:[^=\["]|\[[^\]]*\]|"[^"]*")*?)\s*=\s*(.*)""")


class Command(NamedTuple):
    """A command line: its verb, what follows it, and the value if it stands on the same line."""

    verb: str
    rest: str
    value: str | None
    written: str

    @property
    def takes_body(self) -> bool:
        """Whether a fenced block follows."""
        return _VERBS[self.verb]


def read(line: str) -> Command | None:
    """Return the command that a line holds, or None; marks of lists and headings are skipped."""
    match = _LINE.match(line)
    if match is None:
        return None
    verb, rest = match.group("verb"), match.group("rest").strip("*`: ")
    value = None
    if verb in ("SET KEY", "APPEND ITEM"):
        # The first equals sign outside brackets and quotes: `runs[run_id=a].lr = 1` has two.
        parts = _ASSIGNMENT.match(rest)
        if parts:
            rest, value = parts.group(1).strip(), parts.group(2).strip()
    elif verb == "ADD IMPORT":
        parts = re.match(r"(\S+?):?\s+((?:import|from)\s.+)", rest)
        if parts:
            rest, value = parts.group(1), parts.group(2)
    return Command(verb, rest, value, f"{verb} {rest}")


def edits(command: Command, body: str | None, tree: Tree, line: int) -> list[Edit]:
    """Return the edits that a command and its block stand for. Raises PatchRejected."""
    words = command.rest.replace("`", "").split()
    if not words:
        raise refused("unreadable", f"line {line} of the answer: {command.verb} names no file")
    path, rest = words[0].rstrip(":,"), words[1:]
    if command.verb == "NEW FILE":
        return [WriteFile(path=path, content=_content(body or ""))]
    if command.verb == "ADD IMPORT":
        return _imports(path, command.value or body or "", line)
    if command.verb.endswith("DEFINITION"):
        return [_definition(command.verb, path, rest, body or "", line)]
    return [_key_edit(command, path, rest, body, tree, line)]


def _content(body: str) -> str:
    # A fence in the fence, from models that fence everything twice.
    return without_fence(body) or body


def _imports(path: str, body: str, line: int) -> list[Edit]:
    import ast

    try:
        statements = parse_python(body.strip()).body
    except (SyntaxError, ValueError, RecursionError):
        statements = []
    if not statements or not all(isinstance(s, ast.Import | ast.ImportFrom) for s in statements):
        raise refused(
            "bad-code", f"line {line} of the answer: ADD IMPORT takes import statements alone", path
        )
    return [AddImport(path=path, statement=ast.unparse(statement)) for statement in statements]


def _definition(verb: str, path: str, rest: list[str], body: str, line: int) -> Edit:
    words = [w for w in rest if w not in ("def", "class", "function", "method")]
    if verb == "INSERT DEFINITION":
        where = words[0].upper() if words else ""
        if where in ("AFTER", "BEFORE") and len(words) == 2:
            side = "before" if where == "BEFORE" else "after"
            return InsertDefinition.model_validate(
                {"path": path, "code": body, "anchor": words[1], "where": side}
            )
        if not words:
            return InsertDefinition(path=path, code=body)
    elif len(words) == 1:
        if verb == "REMOVE DEFINITION":
            return RemoveDefinition(path=path, name=words[0])
        return ReplaceDefinition(path=path, name=words[0], code=body)
    form = "path, AFTER or BEFORE, name" if verb.startswith("INSERT") else "path, name"
    raise refused("unreadable", f"line {line} of the answer: {verb} takes {form}", path)


def _key_edit(
    command: Command, path: str, rest: list[str], body: str | None, tree: Tree, line: int
) -> Edit:
    if not rest:
        raise refused("unreadable", f"line {line} of the answer: {command.verb} names no key", path)
    path = edit_path.existing(path, tree)
    key = key_text.read(" ".join(rest).rstrip(":"), path, tree)
    if command.verb == "REMOVE KEY":
        return RemoveKey(path=path, key=key)
    value = _value(command.value if command.value is not None else body or "", path, line)
    if command.verb == "SET KEY":
        return SetKey(path=path, key=key, value=value)
    return AppendItem(path=path, key=key, value=value)


def _value(text: str, path: str, line: int) -> Any:
    """A YAML value; a number without a point (`1e-3`), a string in YAML 1.1, is read as meant."""
    import yaml

    from ohgw_tools.source.syntax import fault_of
    from ohgw_tools.source.yaml_file import YamlFile

    plain = without_fence(text) or text
    # A few aliases of aliases make a value that no memory holds.
    fault = fault_of("value.yaml", plain) or YamlFile(plain).too_large
    if fault:
        where = f"line {line} of the answer"
        raise refused("bad-code", f"{where}: the value is not YAML: {fault}", path)
    node = yaml.compose(plain, Loader=yaml.SafeLoader)
    if isinstance(node, yaml.ScalarNode) and node.style is None:
        if re.fullmatch(r"[-+]?\d+(?:\.\d*)?[eE][-+]?\d+", node.value):
            return float(node.value)
        if node.tag == "tag:yaml.org,2002:timestamp":
            return node.value
    return key_text.as_json(yaml.safe_load(plain), path)

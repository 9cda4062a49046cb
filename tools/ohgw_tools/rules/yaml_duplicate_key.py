"""yaml-duplicate-key: a key that a YAML mapping holds twice."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.yaml_file import YamlFile
from ohgw_tools.subject import Subject

NAME = "yaml-duplicate-key"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "A YAML mapping holds a key twice; PyYAML silently keeps the last."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each key whose earlier value is lost, a warning where both are equal."""
    for path, file in subject.yaml_files():
        for key, first, same in file.derive(_twice):
            line = first.start_mark.line + 1
            yield subject.finding(
                __name__,
                f"the key {key.value!r} stands here again; its value of line {line} is lost",
                path,
                file.node_region(key),
                severity="warning" if same else "error",
                subject=f"{key.value}:{key.start_mark.column}",
                inherited=subject.inherited(path, key.start_mark.line + 1),
                data={"key": key.value, "first_line": line},
            )


def _twice(file: YamlFile) -> tuple[tuple[yaml.ScalarNode, yaml.ScalarNode, bool], ...]:
    """The keys that stand twice, each with the key before it, and whether the values are equal."""
    found = []
    stack: list[yaml.Node] = [file.node] if file.node is not None else []
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if id(node) in seen or isinstance(node, yaml.ScalarNode):
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            stack += node.value
            continue
        known: dict[str, tuple[yaml.ScalarNode, yaml.Node]] = {}
        for key, value in node.value:
            stack.append(value)
            if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                continue
            if key.value in known:
                first, before = known[key.value]
                found.append((key, first, _text(file, before) == _text(file, value)))
            known[key.value] = (key, value)
    return tuple(sorted(found, key=lambda pair: pair[0].start_mark.index))


def _text(file: YamlFile, node: yaml.Node) -> str:
    return file.text[node.start_mark.index : node.end_mark.index].strip()

"""template-tag: a template tag in a YAML file that nothing renders."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.yaml_file import YamlFile
from ohgw_tools.subject import Subject

NAME = "template-tag"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "A YAML file holds Jinja tags."


_TAG = re.compile(r"\{%[^%\n]{0,200}%\}|\{\{[^{}\n]{0,200}\}\}")
_WHOLE = re.compile(r"\s*\{\{[^{}]{0,200}\}\}\s*")
_TEXTS = re.compile(r"prompt|template|format|message|instruction|system|chat|question", re.I)
_MOST = 5


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each tag outside texts that are templates by their key (prompts)."""
    for path, file in subject.yaml_files():
        for line, tag in file.derive(_tags)[:_MOST]:
            yield subject.finding(
                __name__,
                f"the template tag {tag!r} stands in a file that is read as plain YAML",
                path,
                line,
                inherited=subject.inherited(path, line),
                data={"tag": tag},
            )


def _tags(file: YamlFile) -> tuple[tuple[int, str], ...]:
    if file.fault is not None:
        lines = enumerate(file.lines, 1)
        return tuple(
            (number, match.group())
            for number, text in lines
            if "{" in text and (match := _TAG.search(text.split(" #")[0]))
        )
    return tuple(
        (node.start_mark.line + 1, node.value.strip()[:80])
        for key, (_, node) in file.places.items()
        if isinstance(node, yaml.ScalarNode)
        and "{{" in node.value
        and _WHOLE.fullmatch(node.value[:500])
        and not any(_TEXTS.search(str(part)) for part in key)
    )

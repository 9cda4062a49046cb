"""yaml-number-string: a number that YAML 1.1 reads as a string."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.yaml_file import KeyPath, YamlFile
from ohgw_tools.subject import Subject

NAME = "yaml-number-string"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "warning"
SUMMARY = "A number such as 1e-3 is a string to PyYAML."


_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)[eE][-+]?\d+")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning for each: whether the code turns it into a number is not looked at here."""
    for path, file in subject.yaml_files():
        for key, text in file.derive(_strings):
            where = file.region(key)
            line = where.start_line if where else 1
            yield subject.finding(
                __name__,
                f"{'.'.join(map(str, key))} is the string {text!r} to PyYAML, not a number: "
                f"write {_spelt(text)}",
                path,
                where,
                subject=".".join(map(str, key)),
                inherited=subject.inherited(path, line),
                data={"key": list(key), "value": text, "number": float(text)},
            )


def _strings(file: YamlFile) -> tuple[tuple[KeyPath, str], ...]:
    return tuple(
        (key, node.value)
        for key, (_, node) in file.places.items()
        if isinstance(node, yaml.ScalarNode)
        and not node.style
        and node.tag == "tag:yaml.org,2002:str"
        and len(node.value) < 40
        and _NUMBER.fullmatch(node.value)
    )


def _spelt(text: str) -> str:
    """The same number as YAML 1.1 wants it: with a point, and a sign before the exponent."""
    mantissa, _, exponent = text.lower().partition("e")
    whole = mantissa if "." in mantissa else f"{mantissa}.0"
    return f"{whole}e{exponent if exponent[0] in '+-' else '+' + exponent}"

"""mend-yaml: blank filler, a stray tail, a code fence or a repeated line in a YAML file."""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, Patch, WriteFile
from ohgw_tools.finding import Finding
from ohgw_tools.source.syntax import fault_of
from ohgw_tools.tree import sha256

NAME = "mend-yaml"
ANSWERS = ("yaml-syntax", "yaml-duplicate-key", "degenerate-file")
ORDER = 5
SUMMARY = "Takes blank filler, stray closing marks, fences and repeated lines out of a YAML file."

_STRAY = re.compile(r"[\s\"'`}\])>;,]*")


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Rewrite each file that such a cleaning makes readable, or leaves with the very same data."""
    edits: list[Edit] = []
    answers = []
    for path in dict.fromkeys(f.path for f in findings if f.path is not None):
        text = bundle.derived.get(path)
        mended = _mended(text) if text is not None and path.endswith((".yaml", ".yml")) else None
        if text is None or mended is None:
            continue
        edits.append(WriteFile(path=path, content=mended, over=sha256(text.encode())))
        answers += [f.fingerprint for f in findings if f.path == path]
    if not edits:
        return None
    names = ", ".join(edit.path for edit in edits)
    return Patch(edits=tuple(edits), answers=tuple(answers), note=f"took stray text out of {names}")


def _mended(text: str) -> str | None:
    """The text after as many of the cleanings as it takes, if it then reads as a mapping."""
    before = None if fault_of("x.yaml", text) else yaml.safe_load(text)
    cleaned = text
    steps: tuple[Callable[[str], str], ...] = (_unfenced, _without_tail, _dense, _once)
    for step in steps:
        cleaned = step(cleaned)
    if cleaned == text or fault_of("x.yaml", cleaned):
        return None
    data = yaml.safe_load(cleaned)
    if not isinstance(data, dict) or (before is not None and data != before):
        return None
    return cleaned


def _unfenced(text: str) -> str:
    lines = text.strip("\n").split("\n")
    if lines[0].startswith("```"):
        lines = lines[1:]
        if lines and lines[-1].strip() == "```":
            lines = lines[:-1]
        return "\n".join(lines) + "\n"
    return text


def _without_tail(text: str) -> str:
    """Closing marks on lines of their own at the end, if the text is not YAML with them."""
    if not fault_of("x.yaml", text):
        return text
    lines = text.rstrip().split("\n")
    while len(lines) > 1 and _STRAY.fullmatch(lines[-1]):
        lines.pop()
    return "\n".join(lines) + "\n"


def _dense(text: str) -> str:
    """At most two blank lines in a row, which block scalars of configurations never need."""
    return re.sub(r"(?:[ \t]*\n){4,}", "\n\n", text)


def _once(text: str) -> str:
    """A line `key: value` right after the very same line is dropped."""
    kept: list[str] = []
    for line in text.split("\n"):
        if kept and line == kept[-1] and re.fullmatch(r"\s*[\w.-]+:\s+\S.*", line):
            continue
        kept.append(line)
    return "\n".join(kept)

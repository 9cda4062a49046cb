"""Finding: one thing that is wrong, where, by which rule, and on what evidence."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, Field, JsonValue

from ohgw_tools.frozen import FROZEN
from ohgw_tools.tree import sha256

Severity = Literal["error", "warning", "info"]
IssueKind = Literal[
    "truncation",
    "omission",
    "incomplete-replacement",
    "quality-degradation",
    "structural-change",
    "not-executable",
]


class Region(BaseModel):
    """A range of text. Lines and columns count from 1, columns in code points; the end column
    is exclusive, as in SARIF 2.1.0 section 3.30.
    """

    model_config = FROZEN

    start_line: int = Field(ge=1)
    start_column: int = Field(default=1, ge=1)
    end_line: int = Field(ge=1)
    end_column: int = Field(ge=1)


class Evidence(BaseModel):
    """Quoted bytes and the place that they stand in.

    `source` is a file of the tree, `log` the output of a run, `observation` what the observer in
    the sandbox saw, `text` the experiment's description. `path` names the file or stream.
    """

    model_config = FROZEN

    kind: Literal["source", "base", "log", "artifact", "observation", "text", "trace"]
    path: str
    region: Region | None = None
    quote: str = ""
    note: str = ""


class Finding(BaseModel):
    """One defect. Errors decide a verdict; warnings and infos never do.

    `subject` is what the finding is about in words that survive unrelated edits (a name, a key, the
    line's text): with rule and path it makes the fingerprint. `data` is small JSON for recipes.
    `cause` names the root cause that findings are grouped by; `waived` holds the reason given in an
    `# ohgw: ignore[rule]` comment, and takes the finding out of the verdict, not out of the report.
    """

    model_config = FROZEN

    rule: str
    criterion: str
    kind: IssueKind
    severity: Severity
    message: str
    path: str | None = None
    region: Region | None = None
    evidence: tuple[Evidence, ...] = ()
    subject: str = ""
    ordinal: int = 0
    cause: str | None = None
    hidden_by: str | None = None
    waived: str | None = None
    inherited: bool = False
    data: dict[str, JsonValue] = Field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over rule, path, subject and ordinal; line numbers play no part."""
        return sha256(json.dumps([self.rule, self.path, self.subject, self.ordinal]).encode())[:16]

    @property
    def place(self) -> str:
        """`path:line:column`, as much of it as is known."""
        if self.path is None:
            return "(bundle)"
        if self.region is None:
            return self.path
        return f"{self.path}:{self.region.start_line}:{self.region.start_column}"


def numbered(findings: list[Finding]) -> tuple[Finding, ...]:
    """Sort findings by place and give those that share rule, path and subject rising ordinals."""
    counts: dict[tuple[str, str | None, str], int] = {}
    ordered = sorted(findings, key=_by_place)
    result = []
    for finding in ordered:
        key = (finding.rule, finding.path, finding.subject)
        ordinal = counts[key] = counts.get(key, -1) + 1
        same = finding.ordinal == ordinal
        result.append(finding if same else finding.model_copy(update={"ordinal": ordinal}))
    return tuple(result)


def _by_place(finding: Finding) -> tuple[str, int, int, str, str]:
    region = finding.region
    line, column = (region.start_line, region.start_column) if region else (0, 0)
    return (finding.path or "", line, column, finding.rule, finding.message)

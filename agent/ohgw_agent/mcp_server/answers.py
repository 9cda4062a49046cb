"""Answers: what the tools give back. These models are the tools' output schemas.

Texts in them come from bundles, programs and models: they are data for the reader, never orders.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ohgw_agent.cli.discretion import discreet
from ohgw_agent.proposer import Attempt
from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.frozen import FROZEN
from ohgw_tools.verdict import Judgement, Stage, Status

QUOTE = 1000  # characters of evidence that are shown; what is left out is counted

Page = Annotated[int, Field(ge=0, le=1_000_000)]
Line = Annotated[int, Field(ge=1, le=10_000_000)]
Count = Annotated[int, Field(ge=1, le=500)]


class Quoted(BaseModel):
    """Evidence: bytes and where they stand. `cut` counts the characters that are not shown."""

    model_config = FROZEN

    kind: str
    path: str
    line: int | None
    quote: str
    cut: int
    note: str


class Found(BaseModel):
    """One finding. `rule` is what `explain` takes; `fingerprint` survives unrelated edits."""

    model_config = FROZEN

    fingerprint: str
    rule: str
    severity: Severity
    kind: IssueKind
    criterion: str
    message: str
    path: str | None
    line: int | None
    column: int | None
    cause: str | None
    waived: str | None
    evidence: tuple[Quoted, ...]


class StageVerdict(BaseModel):
    """What one stage said. `undecided` means that it could not look; `reason` says why."""

    model_config = FROZEN

    stage: Stage
    status: Status
    errors: int
    findings: int
    reason: str


class Verdicts(BaseModel):
    """One judgement. `findings` is a page of `findings_total`, errors first; ask with a higher
    `offset` for more. `not_checked` names required or possible stages that did not look.
    """

    model_config = FROZEN

    status: Literal["ready", "not ready", "undecided"]
    tree: str
    stages: tuple[StageVerdict, ...]
    errors: int
    findings_total: int
    findings: tuple[Found, ...]
    not_checked: tuple[str, ...]


class Try(BaseModel):
    """One attempt of a repair: who proposed what, and what came of it."""

    model_config = FROZEN

    number: int
    origin: str
    note: str
    status: str
    stages: tuple[StageVerdict, ...]
    mended: int
    new: int
    left: int


def quoted(item: Evidence) -> Quoted:
    """Return evidence without secrets, its quote shortened."""
    quote = discreet(item.quote)
    return Quoted(
        kind=item.kind,
        path=item.path,
        line=item.region.start_line if item.region else None,
        quote=quote[:QUOTE],
        cut=max(0, len(quote) - QUOTE),
        note=discreet(item.note),
    )


def found(finding: Finding) -> Found:
    """Return a finding as an answer."""
    region = finding.region
    return Found(
        **finding.model_dump(
            include={"rule", "severity", "kind", "criterion", "path", "cause", "waived"}
        ),
        message=discreet(finding.message),
        fingerprint=finding.fingerprint,
        line=region.start_line if region else None,
        column=region.start_column if region else None,
        evidence=tuple(quoted(item) for item in finding.evidence),
    )


def verdicts(judgement: Judgement, offset: int, limit: int) -> Verdicts:
    """Return a judgement with one page of its findings, those that decide first."""
    deciding = {id(f) for f in judgement.errors}
    ordered = sorted(judgement.findings, key=lambda f: id(f) not in deciding)
    return Verdicts(
        status=judgement.status,
        tree=judgement.tree,
        stages=stages(judgement),
        errors=len(judgement.errors),
        findings_total=len(ordered),
        findings=tuple(found(f) for f in ordered[offset : offset + limit]),
        not_checked=not_checked(judgement),
    )


def stages(judgement: Judgement) -> tuple[StageVerdict, ...]:
    """Return what each stage said."""
    return tuple(
        StageVerdict(
            stage=v.stage,
            status=v.status,
            errors=len(v.errors),
            findings=len(v.findings),
            reason=discreet(v.reason),
        )
        for v in judgement.verdicts
    )


def not_checked(judgement: Judgement) -> tuple[str, ...]:
    """Say which stages did not look, so that a pass is not taken for more than it is."""
    seen = {v.stage for v in judgement.verdicts}
    texts = []
    if "sandbox" not in judgement.required:
        texts.append("sandbox: the code was not run; nobody asked for that")
    elif "sandbox" not in seen:
        texts.append("sandbox: the code was not run, because an earlier stage did not pass")
    if "review" not in seen:
        texts.append("review: no model reviewed whether the code does what the description says")
    return tuple(texts)


def attempt(made: Attempt) -> Try:
    """Return an attempt of a repair as an answer."""
    note = made.patch.note if made.patch else ("an answer that is no patch" if made.number else "")
    return Try(
        number=made.number,
        origin=made.patch.origin if made.patch else ("" if made.number else "the input"),
        note=discreet(note),
        status=made.judgement.status,
        stages=stages(made.judgement),
        mended=len(made.fixed),
        new=len(made.new),
        left=len(made.judgement.errors),
    )

"""Verdict: what one stage says of one tree; Judgement: the verdicts of one tree together."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, JsonValue

from ohgw_tools.finding import Finding
from ohgw_tools.frozen import FROZEN

Stage = Literal["patch", "static", "sandbox", "review"]
Status = Literal["pass", "fail", "undecided"]
STAGES: tuple[Stage, ...] = ("patch", "static", "sandbox", "review")


class Verdict(BaseModel):
    """What one stage says of one tree.

    `undecided` means that the stage could not look: `reason` says why and what to do. `facts` holds
    small JSON that the stage measured (durations in ms, sizes in bytes, the sandbox's name);
    `blobs` names larger evidence by content, for the trace to store.
    """

    model_config = FROZEN

    stage: Stage
    status: Status
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    blobs: dict[str, bytes] = Field(default_factory=dict, exclude=True, repr=False)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that decide: errors that are not waived."""
        return tuple(f for f in self.findings if f.severity == "error" and f.waived is None)

    @staticmethod
    def of(
        stage: Stage,
        findings: tuple[Finding, ...],
        facts: dict[str, JsonValue] | None = None,
        blobs: dict[str, bytes] | None = None,
    ) -> Verdict:
        """Return `fail` if any finding decides, else `pass`."""
        failed = any(f.severity == "error" and f.waived is None for f in findings)
        status: Status = "fail" if failed else "pass"
        return Verdict(
            stage=stage, status=status, findings=findings, facts=facts or {}, blobs=blobs or {}
        )


class Judgement(BaseModel):
    """All verdicts on one tree. `required` names the stages that must pass for it to be ready."""

    model_config = FROZEN

    tree: str
    verdicts: tuple[Verdict, ...]
    required: tuple[Stage, ...] = ("static", "sandbox")

    @property
    def status(self) -> Literal["ready", "not ready", "undecided"]:
        """`ready` only if every required stage said pass and no stage said otherwise."""
        statuses = {v.stage: v.status for v in self.verdicts}
        if "fail" in statuses.values():
            return "not ready"
        if "undecided" in statuses.values() or any(s not in statuses for s in self.required):
            return "undecided"
        return "ready"

    @property
    def ready(self) -> bool:
        """Whether the tree is ready to run, on evidence."""
        return self.status == "ready"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all stages, in order of stages."""
        return tuple(f for v in self.verdicts for f in v.findings)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that decide."""
        return tuple(f for v in self.verdicts for f in v.errors)

    def seed_form(self) -> dict[str, JsonValue]:
        """The verdict in the shape that the original pipeline asked its chat model for."""
        issues = [f"[{f.kind}] {f.place}: {f.message}" for f in self.errors]
        issues += [f"[{v.stage}] undecided: {v.reason}" for v in self.verdicts if v.reason]
        return {
            "is_experiment_code_ready": self.ready,
            "experiment_code_issue": "\n".join(issues),
        }

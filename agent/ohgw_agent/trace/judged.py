"""Judged: recorded verdicts, patches and attempts, with the names that people cite them by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ohgw_agent.trace.event import Event, Json
from ohgw_agent.trace.fields import number, strings, text
from ohgw_agent.trace.reader import Reader
from ohgw_tools.errors import TraceDamaged

if TYPE_CHECKING:
    from ohgw_tools.edit import Patch
    from ohgw_tools.finding import Finding
    from ohgw_tools.verdict import Verdict


@dataclass(frozen=True)
class Said:
    """A recorded verdict, numbered from 1 through the run: people cite it as `v3`."""

    number: int
    event: Event
    reader: Reader = field(repr=False)

    @property
    def id(self) -> str:
        """How people cite it."""
        return f"v{self.number}"

    @property
    def attempt(self) -> int:
        """The number of the attempt that it belongs to."""
        return number(self.event.data, "attempt")

    @property
    def stage(self) -> str:
        """patch, static, sandbox or review."""
        return text(self.event.data, "stage")

    @property
    def status(self) -> str:
        """pass, fail or undecided."""
        return text(self.event.data, "status")

    @cached_property
    def verdict(self) -> Verdict:
        """The verdict itself. Raises TraceDamaged if it cannot be read."""
        from ohgw_tools.verdict import Verdict

        content = self.reader.blobs.get(text(self.event.data, "verdict_blob"))
        try:
            return Verdict.model_validate_json(content)
        except ValueError as error:
            raise TraceDamaged(
                f"event {self.event.id}: its verdict cannot be read: {error}"
            ) from error

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, those that decide and the others."""
        return self.verdict.findings


@dataclass(frozen=True)
class Proposed:
    """A recorded patch, cited by its attempt's number as `p3`."""

    event: Event
    reader: Reader = field(repr=False)

    @property
    def id(self) -> str:
        """How people cite it."""
        return f"p{self.attempt}"

    @property
    def attempt(self) -> int:
        """The number of the attempt that it made."""
        return number(self.event.data, "attempt")

    @property
    def base_tree(self) -> str:
        """The digest of the tree that it changes."""
        return text(self.event.data, "base_tree")

    @property
    def result_tree(self) -> str | None:
        """The digest of the tree that it made; None if it was refused."""
        return text(self.event.data, "result_tree") or None

    @property
    def origin(self) -> str:
        """Who made it."""
        return text(self.event.data, "origin")

    @property
    def answers(self) -> tuple[str, ...]:
        """The fingerprints of the findings that it says it answers."""
        return strings(self.event.data, "answers")

    @property
    def refusals(self) -> tuple[Mapping[str, Json], ...]:
        """Why it was refused: code, message and path of each reason."""
        listed = self.event.data.get("refusals")
        return (
            tuple(item for item in listed if isinstance(item, dict))
            if isinstance(listed, list)
            else ()
        )

    @cached_property
    def patch(self) -> Patch | None:
        """The patch; None where an answer could not be read as one. Raises TraceDamaged."""
        from ohgw_tools.edit import Patch

        digest = text(self.event.data, "patch_blob")
        if not digest:
            return None
        try:
            return Patch.model_validate_json(self.reader.blobs.get(digest))
        except ValueError as error:
            raise TraceDamaged(
                f"event {self.event.id}: its patch cannot be read: {error}"
            ) from error


@dataclass(frozen=True)
class Candidate:
    """One attempt with all that was said of it. Attempt 0 is the input."""

    number: int
    event: Event | None
    patch: Proposed | None
    verdicts: tuple[Said, ...]

    @property
    def tree(self) -> str:
        """The digest of its tree."""
        if self.event is not None:
            return text(self.event.data, "tree")
        return text(self.verdicts[-1].event.data, "tree") if self.verdicts else ""

    @property
    def status(self) -> str:
        """ready, not ready or undecided; `unfinished` where the run broke off."""
        return text(self.event.data, "status") if self.event else "unfinished"

    @property
    def refused(self) -> bool:
        """Whether its patch changed nothing because it was refused."""
        return self.patch is not None and self.patch.result_tree is None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all its stages."""
        return tuple(finding for said in self.verdicts for finding in said.findings)

    @property
    def errors(self) -> dict[str, Finding]:
        """The findings that decide, by fingerprint."""
        return {
            f.fingerprint: f for f in self.findings if f.severity == "error" and f.waived is None
        }

    def listed(self, key: str) -> tuple[str, ...]:
        """The fingerprints under `fixed`, `new`, `kept` or `errors`."""
        return strings(self.event.data, key) if self.event else ()

"""Proposer: the role that answers findings with a patch; Situation, what it is told."""

from __future__ import annotations

from typing import Protocol

from pydantic import BaseModel, ConfigDict

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Patch
from ohgw_tools.frozen import FROZEN
from ohgw_tools.verdict import Judgement


class Attempt(BaseModel):
    """One candidate: the tree, the patch that led to it from `parent`, and all that was said of it.

    `tree` and `parent` are digests. A patch that was refused left the tree as it was: its judgement
    has a failed `patch` stage and nothing else. `fixed`, `new` and `kept` are fingerprints of
    deciding findings, against the parent's; `returned` are those of `new` that an earlier attempt
    had as well. `set_aside` is a candidate that was never run because another one was preferred.
    """

    model_config = FROZEN

    number: int
    parent: str | None
    tree: str
    patch: Patch | None
    judgement: Judgement
    fixed: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    set_aside: bool = False

    @property
    def refused(self) -> bool:
        """Whether its patch changed nothing because it was refused."""
        return any(v.stage == "patch" and v.status == "fail" for v in self.judgement.verdicts)


class Situation(BaseModel):
    """What a proposer is told: the best tree so far (as `bundle.derived`), what is wrong with it,
    and everything tried before. Where several candidates are asked for at once, `slot` counts them
    from 0: a proposer that always says the same has nothing for the later ones.
    """

    model_config = ConfigDict(**FROZEN, arbitrary_types_allowed=True)

    bundle: Bundle
    contract: Contract
    judgement: Judgement
    history: tuple[Attempt, ...] = ()
    attempts_left: int | None = None
    slot: int = 0


class Proposer(Protocol):
    """Answers findings with a patch."""

    @property
    def name(self) -> str:
        """The name that traces and patches carry, for instance `recipes` or `chat:gpt-5`."""
        ...

    def propose(self, situation: Situation) -> Patch | None:
        """Return a patch to `situation.bundle.derived`, or None if this proposer has nothing.

        Raises PatchRejected when an answer came but cannot be read as a patch (that is an attempt
        of its own), ModelError when no answer came, BudgetSpent when asking would pass a cap.
        """
        ...

"""ScriptedProposer: patches that were given beforehand, in order; for tests and for replay."""

from __future__ import annotations

from collections.abc import Sequence

from ohgw_agent.proposer import Situation
from ohgw_tools.edit import Patch
from ohgw_tools.errors import PatchRejected


class ScriptedProposer:
    """Gives the patch whose place in the list is the number of attempts so far. An entry may be a
    PatchRejected, which is raised, as by a model whose answer cannot be read.
    """

    name = "scripted"

    def __init__(self, script: Sequence[Patch | PatchRejected]) -> None:
        self._script = tuple(script)

    def propose(self, situation: Situation) -> Patch | None:
        """Return the next patch of the script, or None at its end."""
        place = len(situation.history) - 1 + situation.slot
        if place >= len(self._script):
            return None
        entry = self._script[place]
        if isinstance(entry, PatchRejected):
            raise entry
        return entry.model_copy(update={"origin": entry.origin or "scripted"})

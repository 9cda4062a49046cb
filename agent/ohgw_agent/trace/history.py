"""History: a record's events put together again: attempts, their verdicts, patches, model calls."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from ohgw_agent.trace.event import Event, Json
from ohgw_agent.trace.fields import mapping, number, text
from ohgw_agent.trace.judged import Candidate, Proposed, Said
from ohgw_agent.trace.reader import Reader
from ohgw_tools.errors import BundleError, TraceDamaged, TraceError

if TYPE_CHECKING:
    from ohgw_tools.bundle import Bundle
    from ohgw_tools.contract import Contract


class History:
    """A record, put together again. Everything is read when it is first asked for."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    @property
    def id(self) -> str:
        """The run's id."""
        return self.reader.id

    @cached_property
    def start(self) -> Mapping[str, Json]:
        """The data of `run.start`. Raises TraceDamaged if there is none."""
        if not self.reader.events or self.reader.events[0].kind != "run.start":
            raise TraceDamaged(f"run {self.reader.folder.name} has no beginning")
        return self.reader.events[0].data

    @cached_property
    def end(self) -> Event | None:
        """The last `run.end`, unless the run went on after it."""
        last = self.reader.events[-1] if self.reader.events else None
        return last if last is not None and last.kind == "run.end" else None

    @cached_property
    def verdicts(self) -> tuple[Said, ...]:
        """All verdicts in order."""
        events = self.reader.of_kind("verdict")
        return tuple(Said(n, event, self.reader) for n, event in enumerate(events, 1))

    @cached_property
    def patches(self) -> dict[int, Proposed]:
        """Patches by the number of the attempt that they made."""
        found = (Proposed(event, self.reader) for event in self.reader.of_kind("patch"))
        return {patch.attempt: patch for patch in found}

    @cached_property
    def attempts(self) -> tuple[Candidate, ...]:
        """All attempts in order, an unfinished last one too."""
        finished = {number(e.data, "attempt"): e for e in self.reader.of_kind("attempt")}
        numbers = set(finished) | set(self.patches) | {said.attempt for said in self.verdicts}
        return tuple(
            Candidate(
                number=n,
                event=finished.get(n),
                patch=self.patches.get(n),
                verdicts=tuple(said for said in self.verdicts if said.attempt == n),
            )
            for n in sorted(numbers)
        )

    @property
    def input_tree(self) -> str:
        """The digest of the derived code as it came."""
        return text(mapping(self.start, "bundle"), "derived_tree")

    @cached_property
    def final_tree(self) -> str:
        """The digest of the tree that is delivered: the end's best, or the best so far."""
        if self.end is not None and text(self.end.data, "best_tree"):
            return text(self.end.data, "best_tree")
        best = self.best
        return best.tree if best is not None and best.tree else self.input_tree

    @cached_property
    def best(self) -> Candidate | None:
        """The attempt that the delivered tree belongs to; None if nothing was judged."""
        named = self.end.data.get("best_attempt") if self.end else None
        if isinstance(named, int):
            return next((a for a in self.attempts if a.number == named), None)
        marked = [a for a in self.attempts if a.event is not None and a.event.data.get("best")]
        return marked[-1] if marked else (self.attempts[0] if self.attempts else None)

    def bundle(self) -> Bundle:
        """The bundle that the run began with. Raises TraceError if it held a secret (only its
        redacted form was kept), TraceDamaged if it is gone.
        """
        from ohgw_tools.bundles import bundle_file

        given = mapping(self.start, "bundle")
        content = self.reader.blobs.get(text(given, "rest_blob"))
        secret = f"run {self.id}: the bundle held a secret, and only its redacted form was kept"
        try:
            bundle = bundle_file.parse(content.decode("utf-8"), self.id)
        except BundleError as error:
            if "redactions" not in self.start:
                raise
            raise TraceError(secret) from error  # a placeholder in a file's name
        if bundle.digest != text(given, "digest"):
            raise TraceError(secret)
        return bundle

    def contract(self) -> Contract:
        """The contract that the run was judged by. Raises TraceDamaged."""
        from ohgw_tools.contract import Contract

        digest = text(mapping(self.start, "contract"), "contract_blob")
        try:
            return Contract.model_validate_json(self.reader.blobs.get(digest))
        except ValueError as error:
            raise TraceDamaged(f"run {self.id}: its contract cannot be read: {error}") from error

    def spend(self) -> Mapping[str, Json]:
        """What was spent, as the last account says."""
        for event in reversed(self.reader.events):
            if event.kind in ("budget", "run.end") and isinstance(event.data.get("spend"), dict):
                return mapping(event.data, "spend")
        return {}

    def path_to(self, tree: str) -> tuple[Proposed, ...]:
        """The patches that lead from the input to `tree`. Raises TraceDamaged if none do."""
        made: dict[str, Proposed] = {}
        for patch in self.patches.values():
            if patch.result_tree is not None and patch.result_tree != patch.base_tree:
                made.setdefault(patch.result_tree, patch)
        steps: list[Proposed] = []
        while tree != self.input_tree:
            if tree not in made or len(steps) > len(made):
                raise TraceDamaged(f"run {self.id}: no recorded patch leads to the tree {tree}")
            steps.append(made[tree])
            tree = made[tree].base_tree
        return tuple(reversed(steps))

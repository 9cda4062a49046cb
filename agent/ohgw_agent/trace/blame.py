"""Blame: who wrote each line of a tree, in answer to which finding of which rule, on what evidence.

Lines are followed from the input through each patch that led to the tree; see `alignment`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ohgw_agent.trace.alignment import kept
from ohgw_agent.trace.event import Event
from ohgw_agent.trace.fields import number
from ohgw_agent.trace.history import History
from ohgw_agent.trace.judged import Proposed, Said
from ohgw_tools.errors import InputError

if TYPE_CHECKING:
    from ohgw_tools.finding import Finding

NEAR = 3  # lines between a finding and a hunk that still make the hunk an answer to it


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file, counted from 1. `patch` is None for lines of the input. `near` is the
    range of lines of the patch's base in whose place this one came: first, and one past the last.
    """

    number: int
    text: str
    patch: Proposed | None = None
    near: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Motive:
    """A finding that a patch answered, and the verdict that held it."""

    said: Said
    finding: Finding


@dataclass(frozen=True)
class Account:
    """All that is known of why a line stands as it does. No motives: the patch was unmotivated."""

    line: Line
    motives: tuple[Motive, ...]
    reply: Event | None
    tried_before: tuple[Proposed, ...]


def lines_of(text: str) -> list[str]:
    """Split at newlines alone, as git does; the newline stays with its line."""
    lines = text.split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])


def follow(before: list[Line], text: str, patch: Proposed) -> list[Line]:
    """Return the lines of `text`, those that a patch left alone with their old origin."""
    new = lines_of(text)
    origins = kept([line.text for line in before], new)
    below = _below(origins, len(before))
    result: list[Line] = []
    last = -1  # the old line that the last line left alone was
    for place, (words, origin) in enumerate(zip(new, origins, strict=True), 1):
        if origin is not None:
            known = before[origin]
            result.append(Line(place, known.text, known.patch, known.near))
            last = origin
        else:
            near = (last + 2, below[place - 1] + 1)
            result.append(Line(place, words, patch, near))
    return result


def _below(origins: list[int | None], count: int) -> list[int]:
    """For each line the first old line that was left alone at or below it, or their count."""
    found = [count] * len(origins)
    following = count
    for place in range(len(origins) - 1, -1, -1):
        origin = origins[place]
        following = following if origin is None else origin
        found[place] = following
    return found


def blame(history: History, path: str, tree: str | None = None) -> list[Line]:
    """Return the lines of a file of `tree` (the delivered one) with their origins.

    Raises InputError if the tree has no such file, TraceDamaged if the record has gaps.
    """
    digest = tree or history.final_tree
    files = history.reader.tree(digest, allow_redacted=True)
    if path not in files:
        known = ", ".join(files) or "no files"
        raise InputError(f"no file {path!r} in the delivered tree; it has: {known}")
    given = history.reader.tree(history.input_tree, allow_redacted=True)
    current = given.get(path, "")
    lines = [Line(n, words) for n, words in enumerate(lines_of(current), 1)]
    for patch in history.path_to(digest):
        assert patch.result_tree is not None, "only patches that applied lead to a tree"
        after = history.reader.tree(patch.result_tree, allow_redacted=True).get(path, "")
        if after != current:
            lines = follow(lines, after, patch)
            current = after
    return lines


def account(history: History, path: str, line: Line) -> Account:
    """Return why a line stands as it does. Raises TraceDamaged."""
    if line.patch is None:
        return Account(line, (), None, ())
    found = motives(history, line.patch)
    return Account(
        line=line,
        motives=nearest(found, path, line.near),
        reply=reply_before(history, line.patch),
        tried_before=tuple(_tried_before(history, line.patch, found)),
    )


def motives(history: History, patch: Proposed) -> tuple[Motive, ...]:
    """Return the findings that a patch says it answers, each with the last verdict before the
    patch that held it. A fingerprint that no verdict held is left out.
    """
    found: dict[str, Motive] = {}
    wanted = set(patch.answers)
    for said in reversed(history.verdicts) if wanted else ():
        if said.event.seq < patch.event.seq:
            for finding in said.findings:
                if finding.fingerprint in wanted:
                    found.setdefault(finding.fingerprint, Motive(said, finding))
    return tuple(found[print_] for print_ in patch.answers if print_ in found)


def nearest(found: tuple[Motive, ...], path: str, near: tuple[int, int]) -> tuple[Motive, ...]:
    """Of the findings that a patch answers: those at these lines, or else those of this file, or
    else all of them (a finding in one file is often mended in another).
    """
    here = tuple(m for m in found if m.finding.path == path)
    at = tuple(m for m in here if _touches(m.finding, near))
    return at or here or found


def _touches(finding: Finding, near: tuple[int, int]) -> bool:
    region = finding.region
    if region is None:
        return False
    return region.start_line <= near[1] + NEAR and region.end_line >= near[0] - NEAR


def reply_before(history: History, patch: Proposed) -> Event | None:
    """Return the model's answer that a patch was read from; None if no model made it. An answer
    that could not be read as a patch is a model's too.
    """
    made = patch.event.actor.startswith("model:") or patch.origin.startswith("chat")
    if not made and patch.patch is not None:
        return None
    before, slot = _asked_for(history, patch)
    events = history.reader.events
    for reply in reversed(history.reader.of_kind("model.reply")):
        asked = events[reply.cause[-1]].data if reply.cause else {}
        fits = slot is None or number(asked, "slot") == slot
        if reply.seq < before and fits and asked.get("purpose", "propose") == "propose":
            return reply
    return None


def _asked_for(history: History, patch: Proposed) -> tuple[int, int | None]:
    """The event before which a patch's answer came, and, where several candidates were asked for at
    once, which of them it is: answers come first, then the round, then patches in the same order.
    """
    for event in history.reader.of_kind("round"):
        slot = patch.attempt - number(event.data, "attempt")
        if 0 <= slot < number(event.data, "candidates"):
            return event.seq, slot
    return patch.event.seq, None


def _tried_before(
    history: History, patch: Proposed, found: tuple[Motive, ...]
) -> Iterator[Proposed]:
    """The earlier patches that answered one of the same findings and did not stay."""
    wanted = {motive.finding.fingerprint for motive in found}
    stayed = {step.attempt for step in history.path_to(history.final_tree)}
    for earlier in history.patches.values():
        gone = earlier.event.seq < patch.event.seq and earlier.attempt not in stayed
        if gone and wanted & set(earlier.answers):
            yield earlier

"""What was tried before on a bundle, told to the model that is to do better."""

from __future__ import annotations

from ohgw_agent.marked_text import one_line, tail
from ohgw_agent.proposer import Attempt
from ohgw_tools.edit import Edit, Patch
from ohgw_tools.finding import Finding

LAST = 6
SHOWN = 2
REASONS = 6


def failures(history: tuple[Attempt, ...], findings: tuple[Finding, ...]) -> dict[str, int]:
    """Return how many chat patches answered each of these findings, which are still there. An
    answer that could not be read counts against all of them, one that was never run against none.
    """
    counts = {f.fingerprint: 0 for f in findings}
    for attempt in history:
        if attempt.number == 0 or attempt.set_aside:
            continue
        if attempt.patch is None:
            answered = set(counts)
        elif attempt.patch.origin.startswith("chat:"):
            answered = set(attempt.patch.answers)
        else:
            continue
        for fingerprint in answered & counts.keys():
            counts[fingerprint] += 1
    return counts


def tried(history: tuple[Attempt, ...], tree: str) -> str:
    """Return one paragraph for each of the latest attempts that did not lead to `tree`, and the
    edits of the last of them, or an empty text.
    """
    kept = _lineage(history, tree)
    failed = [a for a in history if a.number > 0 and a.number not in kept][-LAST:]
    paragraphs = []
    for place, attempt in enumerate(failed):
        lines = [_summary(attempt)]
        lines += [f"  {one_line(reason, 1200)}" for reason in _reasons(attempt)]
        if attempt.patch is not None and place >= len(failed) - SHOWN:
            lines += [f"  {line}" for line in _edits(attempt.patch)]
        paragraphs.append("\n".join(lines))
    return "\n".join(paragraphs)


def _lineage(history: tuple[Attempt, ...], tree: str) -> frozenset[int]:
    """The numbers of the attempts whose patches are in `tree`, one on top of the other."""
    made = {a.tree: a for a in reversed(history) if not a.refused}
    numbers: set[int] = set()
    while tree in made and made[tree].number not in numbers:
        attempt = made[tree]
        numbers.add(attempt.number)
        if attempt.parent is None:
            break
        tree = attempt.parent
    return frozenset(numbers)


def _summary(attempt: Attempt) -> str:
    number = f"Attempt {attempt.number}"
    if attempt.patch is None:
        return f"{number}: the answer could not be read as a patch:"
    note = one_line(attempt.patch.note, 300) or "no note"
    if attempt.refused:
        return f"{number} ({note}) was refused, nothing of it was applied:"
    if attempt.set_aside:
        return f"{number} ({note}) was not run, because another answer was preferred; newly wrong:"
    kept = f"still wrong: {', '.join(attempt.kept) or 'nothing'}"
    again = f"; wrong again: {', '.join(attempt.returned)}" if attempt.returned else ""
    return f"{number} ({note}) was applied and put back; {kept}{again}; newly wrong:"


def _reasons(attempt: Attempt) -> list[str]:
    if attempt.refused or attempt.patch is None:
        return [f.message for f in attempt.judgement.errors][:REASONS]
    new = [f for f in attempt.judgement.errors if f.fingerprint in attempt.new]
    return [f"{f.place}: {f.message}" for f in new][:REASONS] or ["nothing"]


def _edits(patch: Patch) -> list[str]:
    return [_edit(edit) for edit in patch.edits][:REASONS]


def _edit(edit: Edit) -> str:
    rest = edit.model_dump(exclude={"op", "path"}, exclude_none=True)
    said = "; ".join(f"{name}: {one_line(tail(str(v), 400), 420)}" for name, v in rest.items())
    return f"its {edit.op} in {edit.path}: {said}"

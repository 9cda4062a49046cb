"""settled-contradiction: what is done where a description contradicts itself, in writing."""

from __future__ import annotations

from typing import NamedTuple

from ohgw_tools import catalogue
from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Patch, ReplaceText
from ohgw_tools.finding import Finding
from ohgw_tools.repairing.template_edit import top_names
from ohgw_tools.source.run_list import runs
from ohgw_tools.subject import Subject

NAME = "settled-contradiction"
ANSWERS = ("contradictory-description",)
# After what settles most of them, before the search, which may be the last thing to mend.
ORDER = 98
SUMMARY = "Writes into the full configuration what the code does where its description is at odds."


class _Choice(NamedTuple):
    """What settles a contradiction: a definition that the code must have, and the words for it."""

    definition: str
    words: str


# Not a definition: every full run counts epochs, and none counts steps.
_EPOCHS = "epochs"

_CHOICES = {
    "updates": _Choice(
        _EPOCHS, "the epochs are run; how many updates they make follows from data and batch size."
    ),
    "split sizes": _Choice(
        "articles_for",
        "the splits are the dataset's own; of ten training articles one is the inner validation.",
    ),
    "tokenisation": _Choice(
        "text_tokenizer",
        "tokens are pieces of words, and perplexities are a piece's, not a word's.",
    ),
    "out-of-distribution set": _Choice(
        "shuffle_headlines",
        "the shifted set is the first 5 % of the test articles under exchanged headlines.",
    ),
    "example code": _Choice(
        "one_shot_hypergradient",
        "what is differentiated is the loss after one look-ahead step, which depends on psi.",
    ),
}
_SCHEDULER = (
    "it looks at rankings alone, as published; gradients enter through the warm start alone."
)


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Add one comment for each contradiction whose choice the code shows, above the full runs."""
    subject = Subject(bundle, contract)
    path = contract.configs.full if contract.configs else ""
    text = bundle.derived.get(path)
    if text is None or not runs(subject, "full"):
        return None
    have = {
        name for p, f in subject.python_files() if f.tree for name in top_names(bundle.derived[p])
    }
    if _counts_epochs(subject):
        have.add(_EPOCHS)
    chosen = {f.fingerprint: (f.subject or "", _words(f, have)) for f in findings}
    written = {key: (about, words) for key, (about, words) in chosen.items() if words}
    first = next((line for line in text.split("\n") if line and not line.startswith("#")), None)
    # Once for all: a second block of such comments would tear them apart.
    waits = any(not words and about in _CHOICES for about, words in chosen.values())
    there = any(f"({about}):" in text for about, _ in written.values())
    if not written or waits or there or first is None or f"\n{text}".count(f"\n{first}\n") != 1:
        return None
    lines = [f"# Contradiction ({about}): {words}" for about, words in written.values()]
    new = "\n".join(
        ["# Where the description contradicts itself, this is what is done.", *lines, "", first]
    )
    return Patch(
        edits=(ReplaceText(path=path, search=f"{first}\n", replace=f"{new}\n"),),
        answers=tuple(written),
        note=f"says in {path} what is done where the description contradicts itself "
        f"({', '.join(about for about, _ in written.values())})",
    )


def _counts_epochs(subject: Subject) -> bool:
    sections = [
        {**run.config, **(run.config.get("training") or {})} for run in runs(subject, "full")
    ]
    steps = {"steps", "max_steps", "num_steps", "updates", "max_updates", "iterations"}
    return all("epochs" in section and not steps & set(section) for section in sections)


def _words(finding: Finding, have: set[str]) -> str:
    about = finding.subject or ""
    choice = _CHOICES.get(about)
    if choice is not None:
        return choice.words if choice.definition in have else ""
    named = catalogue.named_in(about, catalogue.schedulers())
    return _SCHEDULER if named and "gradient-aware" in about else ""

"""The question that a reviewer is asked, in two orders; the same bundle, the same bytes."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import JsonValue

from ohgw_agent.addressed_text import markers, screen
from ohgw_agent.chat_model import Message, Question
from ohgw_agent.grounding import BASE
from ohgw_agent.marked_text import Marks, one_line
from ohgw_agent.review_answer import answer_schema
from ohgw_prompts import Template
from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.finding import IssueKind

Order = Literal["forward", "backward"]
MAX_OUTPUT_TOKENS = 4096


@dataclass(frozen=True)
class Withheld:
    """A line that was kept from the reviewer, because it speaks to one."""

    title: str
    line: int
    text: str


@dataclass(frozen=True)
class Material:
    """What is under review, by title, screened; `code` is that of the marks around it."""

    texts: dict[str, str]
    withheld: tuple[Withheld, ...]
    marks: Marks
    markers: frozenset[str]

    @property
    def size(self) -> int:
        """Characters of all texts."""
        return sum(len(text) for text in self.texts.values())


def material(bundle: Bundle) -> Material:
    """Gather the description, the derived files with line numbers, and those lines of the base
    files that the derived ones lack.
    """
    raw = _raw(bundle)
    texts: dict[str, str] = {}
    withheld: list[Withheld] = []
    for title, text in raw.items():
        screened = screen(text)
        texts[title] = screened.text
        withheld += [Withheld(title, n, line) for n, line in screened.withheld]
    numbered = {t: _numbered(x) if t in bundle.derived else x for t, x in texts.items()}
    ours = [Template.load(name).text for name in ("review-system", "review-task")]
    shown = "\n".join([*ours, json.dumps(answer_schema()), *texts.values()])
    return Material(
        texts=numbered,
        withheld=tuple(withheld),
        marks=Marks.around(raw.values()),
        markers=markers(tuple(w.text for w in withheld), shown),
    )


def review_question(
    bundle: Bundle, contract: Contract, under_review: Material, order: Order
) -> Question:
    """Return the question with criteria and files in this order."""
    turn = -1 if order == "backward" else 1
    texts = list(under_review.texts.items())[::turn]
    criteria = list(contract.criteria.items())[::turn]
    code = under_review.marks.code
    system = Template.load("review-system").fill(
        code=code, kinds=", ".join(contract.kinds or get_args(IssueKind))
    )
    task = Template.load("review-task").fill(
        experiment=one_line(bundle.experiment.id, 200),
        variations=", ".join(one_line(v, 120) for v in bundle.experiment.run_variations) or "none",
        criteria="\n".join(_criterion(key, c.title, c.demands) for key, c in criteria),
        material="\n".join(under_review.marks.wrap(title, text) for title, text in texts),
    )
    return Question(
        purpose="review",
        messages=(Message(role="system", text=system), Message(role="user", text=task)),
        max_output_tokens=MAX_OUTPUT_TOKENS,
        schema_=answer_schema(),
    )


def ask_again(question: Question, answer: str, reason: str) -> Question:
    """Return the question with a first answer, which could not be used, and why."""
    more = (
        Message(role="assistant", text=answer[:4000] or "(empty)"),
        Message(role="user", text=Template.load("review-again").fill(reason=reason)),
    )
    return question.model_copy(update={"messages": (*question.messages, *more)})


def _raw(bundle: Bundle) -> dict[str, str]:
    texts = {"description of the experiment": bundle.experiment.description}
    if bundle.method:
        texts["research method"] = _plain(bundle.method)
    texts.update(bundle.derived)
    for path, old in bundle.base.items():
        gone = _gone(old, bundle.derived.get(path, ""))
        if gone:
            texts[f"{BASE}{path}, the lines that {path} no longer has"] = gone
    return texts


def _plain(method: dict[str, JsonValue]) -> str:
    """The research method as text: its strings whole, the code in it left out, which is shown
    elsewhere as files.
    """
    parts = [f"{key}: {value}" for key, value in method.items() if isinstance(value, str)]
    rest = {k: v for k, v in method.items() if not isinstance(v, str | dict)}
    return (
        "\n".join([*parts, json.dumps(rest, sort_keys=True, ensure_ascii=False)])
        if rest
        else "\n".join(parts)
    )


def _criterion(key: str, title: str, demands: tuple[str, ...]) -> str:
    return "\n".join([f"{key}: {title}", *(f"  - {demand}" for demand in demands)])


def _numbered(text: str) -> str:
    return "\n".join(f"{n}| {line}" for n, line in enumerate(text.splitlines(), 1))


def _gone(old: str, new: str) -> str:
    """The lines of `old` that `new` lacks, with their numbers."""
    before, after = old.splitlines(), new.splitlines()
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    lines = []
    for tag, start, end, _, _ in matcher.get_opcodes():
        if tag in ("delete", "replace"):
            lines += [f"{n + 1}| {before[n]}" for n in range(start, end) if before[n].strip()]
    return "\n".join(lines)

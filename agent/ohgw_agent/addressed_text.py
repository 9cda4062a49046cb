"""AddressedText: lines of a bundle that speak to its reviewer instead of to its reader.

They are withheld from the review and reported. No list of phrases is complete: what it misses still
meets marks that it cannot forge, answers that need evidence, and a second opinion.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

WITHHELD = "[withheld: text addressed to a reviewer]"

_WHO = (
    r"(reviewers?|evaluators?|judges?|graders?|validators?|assessors?|assistants?|"
    r"language models?|llms?|ais?|chatbots?|models? reading this)"
)
_VERDICT = (
    r"(ready|approved?|accepted|met|passed|passing|complete|compliant|valid|correct|satisfied|"
    r"fulfilled|verified|perfect|flawless|yes|true)"
)
_ORDERS = r"(instructions?|prompts?|rules|guidelines|criteria|directions|orders|system messages?)"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(ignore|disregard|forget|override|skip|bypass).{{0,40}}{_ORDERS}",
        rf"\b(dear|attention|note to|message (to|for)|hey|hello|to (the|all|any)|for (the|all|any))"
        rf"\W{{0,4}}((the|all|any|code|automated|ai)\W+)*{_WHO}\b",
        rf"^\W*{_WHO}\W*[:,!]",
        rf"\byou are (now |really |actually )?(a|an|the|no longer)\b.{{0,30}}{_WHO}",
        rf"\b(mark|rate|grade|judge|declare|classify|label|deem|consider|report|treat|score)\b"
        rf".{{0,60}}\b(as|to be)\b.{{0,12}}\b{_VERDICT}\b",
        rf"\b(all|every|each) (of the )?criteri(a|on)\b.{{0,30}}\b{_VERDICT}\b",
        rf"\bas (the|a|an|our|your) ((code|ai|automated)\W+)*{_WHO}\W*,",
        r"is_experiment_code_ready",
        r"[\"']met[\"']\s*:\s*[\"']?(yes|true)",
        r"\b(answer|respond|reply|output|return|say|print|write|emit) "
        r"(only |just |simply |exactly |with |that )+.{0,40}"
        rf"\b({_VERDICT}|no issues|json|verdict)\b",
        r"\b(do not|don't|never|no need to|refrain from) (report|flag|mention|list|criticise|"
        r"criticize|raise|quote|review|check|inspect|read)(ing)?\b.{0,60}"
        r"\b(issues?|problems?|this|files?|defects?|findings?|placeholders?|code|errors?)\b",
        r"<\|?\s*(im_start|im_end|system|assistant|user|endoftext|eot_id|start_header_id)\b",
        r"\[/?inst\]|<<\s*/?sys\s*>>|<start_of_turn>",
        r"(^|\W)(system|assistant|developer)\s*(prompt|message|override|note)?\s*:\s*\S+.{0,40}"
        r"\b(review|approve|ready|criteri|verdict|instruct|you)",
        r"\b(new|updated|real|true|actual|revised) (system )?(instructions?|prompt|task)\b\s*[:.]",
        r"=== ?end\b|\bend of (the )?(material|data|bundle|file|review|document)s?\b.{0,40}"
        r"\b(begin|start|now|instruct|task|review)",
        rf"\balready (been )?(reviewed|approved|verified|validated|checked|audited)\b.{{0,40}}"
        rf"\b(by|no further|skip|{_VERDICT})\b",
        rf"\b(this|the) (review|verdict|evaluation|judgement|judgment|audit) "
        rf"(is|must|should|has|will|shall)\b.{{0,60}}\b({_VERDICT}|over|done|finished|positive)\b",
        r"\b(no|zero) (issues?|problems?|defects?) (to|should|must|shall|need|may) (be )?"
        r"(report|found|raised|listed|flagged)",
        r"ignorier|ignora(r|)? (todas |las |le )|ignorez|忽略|无视|批准|игнорируй|無視して",
    )
)
_INVISIBLE = re.compile(
    r"[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
_SEPARATED = re.compile(r"\b(?:[a-z][ ._-]){4,}[a-z]\b")
_ODD = re.compile(r"\b(?=[\w-]*[0-9_-])[A-Za-z0-9][\w-]{5,}|\b[A-Z]{6,}\b")


class Screened(NamedTuple):
    """A text whose addressed lines are withheld, and these lines with their numbers (from 1)."""

    text: str
    withheld: tuple[tuple[int, str], ...]


def screen(text: str) -> Screened:
    """Withhold the lines that address a reviewer. The number of lines stays as it is."""
    kept: list[str] = []
    withheld: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if addresses_reviewer(line):
            withheld.append((number, line))
            indent = line[: len(line) - len(line.lstrip())]
            kept.append(f"{indent}{WITHHELD}")
        else:
            kept.append(line)
    return Screened("\n".join(kept), tuple(withheld))


def addresses_reviewer(line: str) -> bool:
    """Whether a line speaks to whoever judges the code."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", line))
    plain = " ".join(plain.lower().split())[:4000]
    joined = _SEPARATED.sub(lambda m: re.sub(r"[ ._-]", "", m[0]), plain)
    return any(p.search(t) for p in _PATTERNS for t in {plain, joined, plain.replace("_", " ")})


def markers(withheld: tuple[str, ...], elsewhere: str) -> frozenset[str]:
    """Return what an answer that has listened to withheld lines would repeat: their odd words (with
    digits, dashes or in capitals) and any four words in a row, as `flat` gives them, unless these
    stand elsewhere in the question.
    """
    known = flat(elsewhere)
    found: set[str] = set()
    for line in withheld:
        found.update(word.lower() for word in _ODD.findall(line))
        words = flat(line).split()
        found.update(" ".join(words[n : n + 4]) for n in range(len(words) - 3))
    return frozenset(marker for marker in found if len(marker) >= 6 and marker not in known)


def flat(text: str) -> str:
    """Return text in lower case with single blanks, as markers are compared."""
    return " ".join(text.lower().split())

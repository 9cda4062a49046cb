"""What comments, docstrings and messages say of the code around them: markers of unfinished work.

Each function takes one text and returns what it found or None. Texts are hostile: every pattern is
linear or bounded, and only the first 2,000 characters of a text are read.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX = 2000

_MARKER = re.compile(
    r"(?<![A-Za-z])(?:TODO|FIXME|XXX|TBD)(?![A-Za-z]|-[a-z])|PLACE_?HOLDER|\[UNCHANGED\]"
)
_WORD = re.compile(r"\bplace-?holders?\b", re.IGNORECASE)
# Said before a marker, these tell that it is gone or must not be.
_NEGATION = re.compile(
    r"\b(?:no|not|without|never|none|nothing|neither|nor|free of|any|all|former|formerly|previous|"
    r"was|were|replaced|replaces|replacing|replacement|removed?s?|removing|eliminat\w{1,6}|"
    r"instead of|reject\w{0,3}|refus\w{0,3}|forbid\w{0,5}|detect\w{0,3}|check\w{0,3})\b",
    re.IGNORECASE,
)
_OMITTED = re.compile(
    r"\b(?:omitted|elided|skipped|truncated|left out|removed) (?:here |it |them )?"
    r"for (?:brevity|clarity|space|simplicity|readability|the sake of)\b"
    r"|\b(?:rest|remaining|remainder|other)\b[^.]{0,40}\b(?:omitted|elided|truncated|left out)\b"
    r"|^#+[ \t]*(?:\.{3}|…)[ \t]*$"
    r"|(?:\.{3}|…)[ \t]*\(?(?:rest|existing|remaining|same|unchanged|previous|other|original|as)\b"
    r"|\b(?:rest of (?:the )?(?:code|file|function|class|method|module|script|implementation|runs?|"
    r"config\w{0,10}|body|logic))\b[^.]{0,30}(?:\.{3}|…)"
    r"|\bsee (?:the )?previous (?:validated )?(?:version|attempt|answer|response)\b"
    r"|\(?existing code(?: (?:here|goes here|unchanged))?\)?[ \t]*(?:\.{3}|…|$)"
    r"|\bimplementation (?:goes )?here\b",
    re.IGNORECASE,
)
_UNCHANGED = re.compile(
    r"\b(?:code|file|function|class|method|module|script|imports?|logic|body|implementation|"
    r"definitions?|helpers?|everything(?: else)?|rest)\b[^.]{0,30}"
    r"\b(?:unchanged|not modified|(?:remains?|stays?|is|are) the same|same as (?:the )?"
    r"(?:before|above|base|original|previous))\b"
    r"|\b(?:unchanged|same) (?:from|as) (?:the )?(?:base|original|previous)(?: code| version)?\b"
    r"|\bno changes? (?:needed|required)\b",
    re.IGNORECASE,
)
_DEFERRED = re.compile(
    r"\b(?:will|would|shall|must|should|to|can) be (?:replaced|injected|implemented|filled in|"
    r"completed)\b(?! (?:by|with) (?:zeros?|ones?|the mean|padding|nan|unk|mask))"
    r"|\b(?:implement|fill|replace|insert)(?:ed)? (?:this|here|in|your)\b[^.]{0,20}"
    r"\b(?:later|here)\b|\b(?:add|put|write|insert|implement) your\b"
    r"|\b(?:in|during) (?:a |the )?(?:later|next|subsequent|speciali[sz]ing|speciali[sz]ation|"
    r"derivation|dataset-specific|experiment-specific)\b[^.]{0,30}\b(?:phase|step|stage)\b"
    r"|\bnot (?:yet )?implemented (?:yet|in)\b|\bnot yet implemented\b",
    re.IGNORECASE,
)
_PROXY = re.compile(
    r"\b(?:a |crude |cheap |rough )?(?:proxy|mock|fake|dummy|toy|stand-?in|stub)\s{1,20}"
    r"(?:implementation|version|metric|result|results|training|scheduler|method|algorithm)\b"
    r"|\b(?:greatly |heavily |highly |over-?)?simplified (?:version|implementation|proxy|variant|"
    r"model of|form of|approximation|for)\b|\bsimplistic\b|\bfor (?:simplicity|brevity)\b"
    r"|\bfor (?:the |this )?demo(?:nstration)?\b|\bdemo purposes?\b"
    r"|\b(?:shortened|reduced|truncated|cut down) (?:for|to (?:save|keep|fit|speed))\b"
    r"|\b(?:real|actual|full|true|proper|complete) (?:method|implementation|algorithm|version|"
    r"study|experiment|run|training|scheduler)s? (?:would|will|should|needs?|requires?)\b"
    r"|\bin (?:a )?(?:practice|real|production)\b[^.]{0,40}\b(?:would|should)\b"
    r"|\bhard-?coded (?:result|metric|score|value for)\w{0,2}\b"
    r"|\bnot (?:the |a )?(?:real|full|actual|true|faithful) (?:implementation|method|algorithm)\b"
    r"|\bset \d+ for (?:the )?full\b|\bminimal (?:implementation|effort)\b",
    re.IGNORECASE,
)
_BLUR = str.maketrans({"*": " ", "_": " ", "`": " ", "\n": " ", "\r": " ", "\t": " "})


class Match(NamedTuple):
    """What was found: its text, and its start and end in the text given."""

    text: str
    start: int
    end: int


def marker(text: str) -> Match | None:
    """Find a token that marks unfinished work (TODO, ..._PLACEHOLDER, [UNCHANGED]), in capitals,
    that the words before it do not take back ("no TODO is left").
    """
    text = _read(text)
    for match in _MARKER.finditer(text):
        if match.group() != "[UNCHANGED]" and _NEGATION.search(text, 0, match.start()):
            return None
        start, end = match.span()
        while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
            start -= 1
        while end < len(text) and (text[end].isalnum() or text[end] == "_"):
            end += 1
        return Match(text[start:end], start, end)
    return None


def placeholder_word(text: str) -> Match | None:
    """Find the plain word `placeholder` in a text that does not say that there is none."""
    text = _read(text)
    match = _WORD.search(text)
    if match is None or _NEGATION.search(text):
        return None
    return Match(match.group(), *match.span())


def omission(text: str) -> Match | None:
    """Find words that stand where code was left out."""
    return _found(_OMITTED, text)


def unchanged(text: str) -> Match | None:
    """Find words that refer to code elsewhere for what is missing (or merely equal) here."""
    return _found(_UNCHANGED, text)


def deferral(text: str) -> Match | None:
    """Find words that put the work off to a later step."""
    match = _found(_DEFERRED, text)
    if match and re.search(r"\b(?:sub-?class|overrid|child class|derived class)", _read(text)):
        return None
    return match


def proxy(text: str) -> Match | None:
    """Find words that admit that something simpler stands in for the real thing."""
    return _found(_PROXY, text)


def _found(pattern: re.Pattern[str], text: str) -> Match | None:
    match = pattern.search(_read(text).translate(_BLUR))
    if match is None:
        return None
    return Match(" ".join(match.group().split()), match.start(), match.end())


def _read(text: str) -> str:
    """The part of a text that is looked at: no waiver, whose rule names speak of such things."""
    return text[:MAX].split("# ohgw: ignore", 1)[0]

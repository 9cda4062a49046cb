"""FactPattern: how one kind of fact is written in a description, and how its value is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

FactKind = Literal[
    "variation",
    "dataset",
    "model",
    "scheduler",
    "metric",
    "epochs",
    "updates",
    "sequence-length",
    "batch-tokens",
    "split-tokens",
    "noise-ratio",
    "eta",
    "replicates",
    "gpu-hours",
    "seed",
    "pairing",
    "comparisons",
    "significance",
    "search-space",
    "tokenisation",
    "part",
]
Value = str | float

_NUMBER = r"\d{1,9}(?:[.,]\d{1,9})?(?:e[-+]?\d{1,2})?"
_POWER = rf"(?:10⁻[¹²³⁴⁵⁶⁷⁸⁹]|{_NUMBER})"
_SCALE = {"k": 1e3, "m": 1e6, "b": 1e9, "": 1.0}
_RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


class FactPattern(NamedTuple):
    """A kind of fact: the words that state it, what the words around must not say, its value."""

    kind: FactKind
    pattern: re.Pattern[str]
    value: Callable[[re.Match[str]], Value]
    not_near: re.Pattern[str] | None = None


def number(text: str) -> float:
    """Read `1,024`, `3e-4` or `10⁻⁴`. Raises ValueError for anything else."""
    raised = re.fullmatch(r"10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", text)
    if raised:
        return float(10.0 ** int(raised[1].translate(_RAISED)))
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+", text):
        return float(text.replace(",", ""))
    return float(text.replace(",", "."))


def _scaled(match: re.Match[str]) -> float:
    return number(match["n"]) * _SCALE[(match["s"] or "").lower()]


def _plain(match: re.Match[str]) -> float:
    return number(match["n"])


def _percent(match: re.Match[str]) -> float:
    return round(number(match["n"]) / 100, 9)


def _word(match: re.Match[str]) -> str:
    return " ".join(match["w"].lower().split())


def _rx(text: str) -> re.Pattern[str]:
    text = text.replace("<N>", f"(?P<n>{_NUMBER})").replace("<P>", f"(?P<n>{_POWER})")
    return re.compile(text, re.IGNORECASE)


_NOT_THE_BUDGET = _rx(
    r"minimum|min\.|rung|warm-?up|warmup|per config|resource|every|each|patience|after|burn|first|"
    r"last|interval|pre-?train|smoke|early|per rung|decay|anneal"
)

PATTERNS: tuple[FactPattern, ...] = (
    FactPattern(
        "epochs",
        _rx(r"(?<![\w.-])<N>(?:[ -](?:training|full))?[ -]epochs?\b"),
        _plain,
        _NOT_THE_BUDGET,
    ),
    FactPattern("epochs", _rx(r"\bepochs?\s?(?:=|:)\s?<N>"), _plain, _NOT_THE_BUDGET),
    FactPattern(
        "updates",
        _rx(
            r"(?<![\w.-])<N>\s?(?P<s>[kKmM]?)\s(?:gradient |optimi[sz]er |training )?"
            r"(?:updates|iterations|training steps)\b"
        ),
        _scaled,
        _rx(r"every|each|after|warm-?up"),
    ),
    FactPattern(
        "sequence-length",
        _rx(r"\b(?:sequence|context|block)[ -](?:length|size)\s?(?:of|=|:)?\s?<N>"),
        _plain,
    ),
    FactPattern(
        "batch-tokens",
        _rx(r"\b(?:up to |batch(?:es)? of )<N>\s?(?P<s>[kKmM]?)\s?tokens\b"),
        _scaled,
    ),
    FactPattern(
        "split-tokens", _rx(r"\btrain[^.\n]{0,24}split\s{1,3}<N>\s?(?P<s>[kKmMbB]?)\b"), _scaled
    ),
    FactPattern(
        "noise-ratio",
        _rx(
            r"(?<![\w.-])<N>\s?%\s(?:of\s)?(?:the\s)?(?:training\s)?(?:tokens?|labels?|inputs?|pixels?|samples|features)\b[^.\n]{0,30}(?:replaced|corrupt|flipped|noisy|masked|noise|random)"
        ),
        _percent,
    ),
    FactPattern(
        "noise-ratio",
        _rx(
            r"(?<![\w.-])<N>\s?%\s(?:label|token|input|symmetric|asymmetric|uniform|data)"
            r"[ -](?:label\s)?(?:noise|corruption)\b"
        ),
        _percent,
    ),
    FactPattern(
        "eta",
        _rx(
            r"(?:η_?h?|\beta_?h|\bhyper-?gradient (?:lr|learning rate|step(?: size)?))"
            r"\s?(?:=|:|of)\s?<P>"
        ),
        _plain,
    ),
    FactPattern(
        "replicates",
        _rx(
            r"(?<![\w.-])<N>\s(?:independent |random |different |distinct )?"
            r"(?:replicates?|seeds|repetitions)\b"
        ),
        _plain,
        _rx(r"offline|sweep|appendix|pilot|per seed"),
    ),
    FactPattern("gpu-hours", _rx(r"(?<![\w.-])<N>\s?GPU[ ×x*·-]{0,3}h(?:ours?|rs?)?\b"), _plain),
    FactPattern(
        "pairing",
        _rx(
            r"\b(?P<w>paired\b[^.\n]{0,40}?(?:wilcoxon|t-?test|signed-rank|permutation|bootstrap|seeds?)"
            r"|(?:wilcoxon|t-?test)[^.\n]{0,60}paired (?:seeds?|runs?))"
        ),
        _word,
    ),
    FactPattern("comparisons", _rx(r"\bbonferroni[^.\n]{0,40}\bm\s?=\s?<N>"), _plain),
    FactPattern("significance", _rx(r"\bp\s?<\s?<N>"), _plain),
    FactPattern("search-space", _rx(r"\bsearch space\s?\(\s?<N>\s?[- ]?dim"), _plain),
    FactPattern(
        "tokenisation",
        _rx(
            r"\b(?P<w>word-level|character-level|byte-level|sentencepiece|byte-pair|BPE|wordpiece)\b"
        ),
        _word,
    ),
    FactPattern("seed", _rx(r"\bseeds?\s?(?:=|:)\s?<N>"), _plain),
)

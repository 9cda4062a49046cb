"""Contradiction: two statements of one description that cannot both hold."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from ohgw_tools import catalogue
from ohgw_tools.bundle import Bundle
from ohgw_tools.facts.experiment_facts import DESCRIPTION, ExperimentFacts, facts_of, texts_of
from ohgw_tools.facts.fact_pattern import FactKind
from ohgw_tools.finding import Evidence
from ohgw_tools.source.python_parse import parse_python
from ohgw_tools.source.source_text import SourceText

_FACTOR = 3.0
# Pieces of words are more than words, by less than this in any usual vocabulary.
_PIECES = 2.0
_OOD = re.compile(
    r"(?:OOD|out-of-distribution|distribution shift)\b[^.\n]{0,40}?\bon\s(?P<set>[A-Z][\w-]{2,40})",
)
_SPACE = re.compile(r"search space\s?\((?P<n>\d{1,3})[- ]?dims?\)\s?:(?P<list>[^\n]{1,600})", re.I)
_GPUS = re.compile(
    r"(?P<all>\d{1,5}) GPU[ ×x*·-]{0,3}hours?\s?"
    r"\((?P<gpus>\d{1,4}) GPUs?\s?[×x*]\s?(?P<h>\d{1,4}) h",
    re.I,
)
_BLOCK = re.compile(r"```(?:python)?[ \t]*\n(?P<code>.*?)```", re.DOTALL)
_DIGITS_AFTER = re.compile(r"[-_ ]?v\d+$")
# What a scheduler is known not to be, against what descriptions say of it.
_CLAIMS = (
    (
        re.compile(r"\bPASHA\b[^.\n]{0,30}gradient-aware", re.IGNORECASE),
        "PASHA uses no gradients: it grows the maximum resource as rankings settle "
        "(Bohdal et al., 2023)",
    ),
)


class Contradiction(NamedTuple):
    """What does not fit, in one sentence, a short name for it, and the words that say so."""

    subject: str
    message: str
    evidence: tuple[Evidence, ...]


def contradictions(bundle: Bundle) -> tuple[Contradiction, ...]:
    """Return the contradictions within an experiment's description, in a fixed order; looked for
    once for equal texts.
    """
    method = json.dumps(bundle.method, sort_keys=True)
    listed = frozenset(bundle.experiment.run_variations)
    return _contradictions(bundle.experiment.description, bundle.strategy, method, listed)


@lru_cache(maxsize=16)
def _contradictions(
    description: str, strategy: str, method: str, listed: frozenset[str]
) -> tuple[Contradiction, ...]:
    known = facts_of(description, strategy, method)
    text = texts_of(description, strategy, method).get(DESCRIPTION, "")
    checks = (
        _variations(known, listed),
        _budgets(known),
        _updates(known),
        _split_sizes(known, text),
        _tokenisation(known),
        _shifted_set(text),
        _dimensions(text),
        _gpu_hours(text),
        _claims(text),
        _gradients(text),
    )
    return tuple(found for check in checks for found in check)


def _variations(known: ExperimentFacts, listed: frozenset[str]) -> Iterator[Contradiction]:
    stated = known.of("variation")
    if not stated or not listed:
        return
    for fact in stated:
        if fact.value not in listed:
            message = f"the description has a variation {fact.value!r} that run_variations lacks"
            yield Contradiction(f"variation {fact.value}", message, (fact.evidence,))
    named = {fact.value for fact in stated}
    for name in sorted(listed - {str(value) for value in named}):
        message = f"run_variations has {name!r}, which the description's list lacks"
        yield Contradiction(f"variation {name}", message, (stated[0].evidence,))


def _budgets(known: ExperimentFacts) -> Iterator[Contradiction]:
    """One number stated twice, differently, within the description."""
    for kind in ("epochs", "sequence-length", "replicates"):
        stated = known.of(kind, text=DESCRIPTION)
        values = sorted({float(fact.value) for fact in stated})
        if len(values) > 1:
            numbers = " and ".join(f"{value:g}" for value in values)
            message = f"the description states {kind.replace('-', ' ')} as {numbers}"
            yield Contradiction(kind, message, tuple(fact.evidence for fact in stated[:4]))


def _updates(known: ExperimentFacts) -> Iterator[Contradiction]:
    """Tokens of the training split times epochs, over tokens of a batch, against the updates."""
    kinds: tuple[FactKind, ...] = ("split-tokens", "epochs", "batch-tokens", "updates")
    stated = [known.of(kind, text=DESCRIPTION) for kind in kinds]
    if not all(stated):
        return
    split, epochs, batch, updates = (float(found[0].value) for found in stated)
    if not batch or not updates:
        return
    follow = split * epochs / batch
    if max(follow, updates) > _FACTOR * min(follow, updates):
        message = (
            f"{split:,.0f} training tokens, {epochs:g} epochs and {batch:,.0f} tokens a batch make "
            f"about {follow:,.0f} updates, not {updates:,.0f}"
        )
        yield Contradiction("updates", message, tuple(found[0].evidence for found in stated))


def _split_sizes(known: ExperimentFacts, text: str) -> Iterator[Contradiction]:
    """Tokens of the training split against the words of the one corpus that is named first."""
    stated = known.of("split-tokens", text=DESCRIPTION)
    corpus = _corpus(text) if stated else None
    if corpus is None:
        return
    words, tokens = corpus.words["train"], float(stated[0].value)
    if not words / _PIECES <= tokens <= words * _PIECES:
        message = f"the training split of {corpus.name} has {words:,} words, not {tokens:,.0f}"
        yield Contradiction("split sizes", message, (stated[0].evidence,))


@lru_cache(maxsize=16)
def _corpus(text: str) -> catalogue.DatasetEntry | None:
    """The dataset with known numbers of words that a text names first."""
    named = catalogue.named_in(text, catalogue.datasets())
    return next((entry for entry in named if entry.words), None)


def _tokenisation(known: ExperimentFacts) -> Iterator[Contradiction]:
    stated = known.of("tokenisation", text=DESCRIPTION)
    words = [f for f in stated if f.value == "word-level"]
    pieces = [f for f in stated if f.value in ("sentencepiece", "byte-pair", "bpe", "wordpiece")]
    if words and pieces:
        message = f"the task is called word-level, and the tokens are {pieces[0].value} pieces"
        evidence = (words[0].evidence, pieces[0].evidence)
        yield Contradiction("tokenisation", message, evidence)


def _shifted_set(text: str) -> Iterator[Contradiction]:
    """An out-of-distribution set that is the training set under its full name."""
    match = _OOD.search(text)
    if match is None:
        return
    name = match["set"].rstrip("-")
    plain = _DIGITS_AFTER.sub("", name)
    before = text[: match.start()]
    if plain != name and re.search(rf"\bon\s{re.escape(plain)}\b(?!-v)", before):
        message = f"the out-of-distribution set {name} is the training set {plain}"
        yield Contradiction("out-of-distribution set", message, (_quote(text, match),))


def _dimensions(text: str) -> Iterator[Contradiction]:
    match = _SPACE.search(text)
    if match is None:
        return
    listed = re.sub(r"\([^()]{0,200}\)", "", match["list"]).split(".")[0]
    names = [part for part in re.split(r",|\band\b|;", listed) if part.strip()]
    if len(names) != int(match["n"]):
        message = f"the search space is said to have {match['n']} dimensions and lists {len(names)}"
        yield Contradiction("search space", message, (_quote(text, match),))


def _gpu_hours(text: str) -> Iterator[Contradiction]:
    for match in _GPUS.finditer(text):
        product = int(match["gpus"]) * int(match["h"])
        if product != int(match["all"]):
            message = f"{match['gpus']} GPUs for {match['h']} h are {product} GPU hours"
            yield Contradiction("gpu hours", message, (_quote(text, match),))


def _claims(text: str) -> Iterator[Contradiction]:
    for pattern, truth in _CLAIMS:
        match = pattern.search(text)
        if match is not None:
            yield Contradiction(match.group()[:40], truth, (_quote(text, match),))


def _gradients(text: str) -> Iterator[Contradiction]:
    """Example code that differentiates a loss by something that the loss does not depend on."""
    for block in _BLOCK.finditer(text):
        try:
            tree = parse_python(block["code"])
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for wanted, by in _independent(tree):
            message = (
                f"the example code takes the gradient of {wanted} by {by}, on which {wanted} does "
                f"not depend as shown: autograd refuses that"
            )
            yield Contradiction("example code", message, (_quote(text, block),))


def _independent(tree: ast.Module) -> Iterator[tuple[str, str]]:
    made_of: dict[str, set[str]] = {}
    for node in tree.body:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Assign):
                used = {n.id for n in ast.walk(inner.value) if isinstance(n, ast.Name)}
                for target in inner.targets:
                    if isinstance(target, ast.Name):
                        made_of.setdefault(target.id, set()).update(used)
    for inner in ast.walk(tree):
        match inner:
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr="autograd"), attr="grad"),
                args=[ast.Name(id=wanted), by, *_],
            ) if wanted in made_of:
                roots = {n.id for n in ast.walk(by) if isinstance(n, ast.Name)}
                if roots and not roots & _reached(wanted, made_of):
                    yield wanted, ast.unparse(by)


def _reached(name: str, made_of: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    stack = [name]
    while stack:
        for used in made_of.get(stack.pop(), ()):
            if used not in found:
                found.add(used)
                stack.append(used)
    return found


def _quote(text: str, match: re.Match[str]) -> Evidence:
    source = SourceText(text)
    quote = " ".join(match.group().split())[:200]
    region = source.span(*match.span())
    return Evidence(kind="text", path=DESCRIPTION, region=region, quote=quote)

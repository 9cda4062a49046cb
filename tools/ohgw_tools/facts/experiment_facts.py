"""Facts of the experiment: what its description, strategy and method state in so many words.

A deterministic reader, with no model: it takes what it can take surely, with its place in the text,
so that rules can hold the code against it and a guard can freeze it. What it does not find is not
thereby absent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, JsonValue

from ohgw_tools.bundle import Bundle
from ohgw_tools.facts.fact_pattern import PATTERNS, FactKind, FactPattern
from ohgw_tools.finding import Evidence, Region
from ohgw_tools.frozen import FROZEN
from ohgw_tools.source.source_text import SourceText

MAX_TEXT = 200_000
QUOTE = 200
DESCRIPTION, STRATEGY = "description", "strategy"
_BULLET = re.compile(
    r"^[ \t]*(?:[•*+-]|\d{1,2}[.)])[ \t]+(?P<name>[A-Za-z0-9][\w.+-]{1,80})[ \t]*(?:–|—|:|-[ \t]|$)"
)
_HEADING = re.compile(r"^[^\n]{0,80}\b(?:run )?variations?\b[^\n]{0,40}:[ \t]*$", re.IGNORECASE)


class Fact(BaseModel):
    """One stated fact: its kind, its value (a name or a number), and where it stands.

    `text` names what was read: `description`, `strategy`, or `method/<key>`.
    """

    model_config = FROZEN

    kind: FactKind
    value: str | float
    text: str
    region: Region
    quote: str

    @property
    def evidence(self) -> Evidence:
        """The fact as evidence of a finding."""
        return Evidence(kind="text", path=self.text, region=self.region, quote=self.quote)


class ExperimentFacts(BaseModel):
    """All facts of an experiment, those of the description first."""

    model_config = FROZEN

    facts: tuple[Fact, ...]

    def of(self, *kinds: FactKind, text: str | None = None) -> tuple[Fact, ...]:
        """Return the facts of some kinds, of one text or of all."""
        return tuple(f for f in self.facts if f.kind in kinds and text in (None, f.text))

    def values(self, kind: FactKind, text: str | None = None) -> tuple[str | float, ...]:
        """Return the different values stated for a kind, in order."""
        return tuple(dict.fromkeys(f.value for f in self.of(kind, text=text)))


def facts(bundle: Bundle) -> ExperimentFacts:
    """Return the facts that a bundle's texts state; read once for equal texts."""
    return facts_of(*_sources(bundle))


def texts(bundle: Bundle) -> Mapping[str, str]:
    """Return what is read, by name: the description, the strategy, the parts of the method."""
    return texts_of(*_sources(bundle))


def names(bundle: Bundle) -> tuple[Fact, ...]:
    """Return the datasets, models, schedulers and metrics that the description names, as far as the
    catalogue knows them. Slower than `facts`: it reads the catalogue.
    """
    from ohgw_tools import catalogue

    text = bundle.experiment.description[:MAX_TEXT]
    kinds: tuple[tuple[FactKind, Any], ...] = (
        ("dataset", catalogue.datasets()),
        ("model", catalogue.models()),
        ("scheduler", catalogue.schedulers()),
        ("metric", catalogue.metrics()),
    )
    found = []
    for kind, entries in kinds:
        for entry in catalogue.named_in(text, entries):
            place = _first_naming(text, (entry.name, *entry.aliases))
            found.append(_fact(kind, entry.name, DESCRIPTION, SourceText(text), *place))
    return tuple(found)


def _sources(bundle: Bundle) -> tuple[str, str, str]:
    return bundle.experiment.description, bundle.strategy, json.dumps(bundle.method, sort_keys=True)


@lru_cache(maxsize=16)
def facts_of(description: str, strategy: str, method: str) -> ExperimentFacts:
    """Return the facts of texts; `method` is JSON."""
    found: list[Fact] = []
    for name, text in texts_of(description, strategy, method).items():
        source = SourceText(text)
        if name == DESCRIPTION:
            found += _variations(source)
        for pattern in PATTERNS:
            found += _stated(pattern, name, source)
    return ExperimentFacts(facts=tuple(found))


@lru_cache(maxsize=16)
def texts_of(description: str, strategy: str, method: str) -> Mapping[str, str]:
    """Return what is read of texts, by name; `method` is JSON."""
    parts = {DESCRIPTION: description, STRATEGY: strategy}
    parts |= {f"method/{key}": text for key, text in _strings(json.loads(method))}
    return {name: text[:MAX_TEXT] for name, text in parts.items() if text.strip()}


def _strings(value: JsonValue, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _strings(inner, f"{key}/{name}".lstrip("/")[:80])


def _stated(pattern: FactPattern, name: str, source: SourceText) -> Iterator[Fact]:
    for match in pattern.pattern.finditer(source.text):
        around = source.text[max(0, match.start() - 40) : match.end() + 16].split("\n")
        before = source.text[max(0, match.start() - 40) : match.start()].count("\n")
        if pattern.not_near is not None and pattern.not_near.search(around[before]):
            continue
        try:
            value = pattern.value(match)
        except (ValueError, OverflowError):
            continue
        yield _fact(pattern.kind, value, name, source, match.start(), match.end())


def _variations(source: SourceText) -> Iterator[Fact]:
    """The names in the list below a heading such as `Run variations:`."""
    listing, offset = False, 0
    for line in source.text.split("\n"):
        bullet = _BULLET.match(line)
        if _HEADING.match(line[:200]):
            listing = True
        elif listing and bullet:
            start = offset + bullet.start("name")
            yield _fact(
                "variation", bullet["name"], DESCRIPTION, source, start, offset + bullet.end("name")
            )
        elif listing and not line.startswith((" ", "\t")):
            listing = False
        offset += len(line) + 1


def _fact(
    kind: FactKind, value: str | float, name: str, source: SourceText, start: int, end: int
) -> Fact:
    line, _ = source.position(start)
    quote = source.line(line).strip()
    if len(quote) > QUOTE:
        column = source.position(start)[1]
        quote = source.line(line)[max(0, column - 60) : column + QUOTE - 60].strip()
    return Fact(kind=kind, value=value, text=name, region=source.span(start, end), quote=quote)


def _first_naming(text: str, spellings: tuple[str, ...]) -> tuple[int, int]:
    lowered = text.lower()
    places = [(at, at + len(s)) for s in spellings if (at := lowered.find(s.lower())) >= 0]
    return min(places, default=(0, 0))

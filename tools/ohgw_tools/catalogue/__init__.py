"""The catalogue: known datasets, models, schedulers and metrics, by their usual spellings.

Each entry stands in one of the four YAML files beside this module, with its sources. A spelling is
matched without regard to case, separators and a leading owner, so that `WIKITEXT_103`,
`wikitext-103-raw-v1` and `Salesforce/wikitext` (with that configuration) are one dataset. A name
that fits two entries fits none: whoever repairs by the catalogue must be certain.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources
from typing import TypeVar

import yaml

from ohgw_tools.catalogue.entry import (
    DatasetEntry,
    Entry,
    HubDataset,
    Implementation,
    MetricEntry,
    ModelEntry,
    SchedulerEntry,
    Source,
)

__all__ = [
    "DatasetEntry",
    "Entry",
    "HubDataset",
    "Implementation",
    "MetricEntry",
    "ModelEntry",
    "SchedulerEntry",
    "Source",
    "dataset",
    "datasets",
    "metric",
    "metrics",
    "model",
    "models",
    "named_in",
    "scheduler",
    "schedulers",
    "spelling",
]

E = TypeVar("E", bound=Entry)
K = TypeVar("K", DatasetEntry, ModelEntry, SchedulerEntry, MetricEntry)

_APART = re.compile(r"[^a-z0-9+]+")


@lru_cache(maxsize=4096)
def spelling(name: str) -> str:
    """Return `name` without case and separators: `WIKITEXT_103` gives `wikitext103`."""
    return _APART.sub("", name.casefold())


@lru_cache(maxsize=1)
def datasets() -> tuple[DatasetEntry, ...]:
    """Return every known dataset, in order of names."""
    return _read("datasets", DatasetEntry)


@lru_cache(maxsize=1)
def models() -> tuple[ModelEntry, ...]:
    """Return every known model, in order of names."""
    return _read("models", ModelEntry)


@lru_cache(maxsize=1)
def schedulers() -> tuple[SchedulerEntry, ...]:
    """Return every known scheduler, in order of names."""
    return _read("schedulers", SchedulerEntry)


@lru_cache(maxsize=1)
def metrics() -> tuple[MetricEntry, ...]:
    """Return every known metric, in order of names."""
    return _read("metrics", MetricEntry)


def dataset(name: str, config: str | None = None) -> DatasetEntry | None:
    """Return the dataset that `name` spells, or None if there is none or more than one.

    `config` is the hub configuration, which tells datasets apart that share a hub id.
    """
    wanted = spelling(name)
    found = [entry for entry in datasets() if wanted in _dataset_spellings(entry)]
    if config is not None:
        known = [e for e in found if e.hub and e.hub.config == config]
        configured = known or [e for e in found if spelling(config) in _spellings(e)]
        found = configured or [e for e in found if e.hub is None or e.hub.config is None]
    return found[0] if len(found) == 1 else None


def model(name: str) -> ModelEntry | None:
    """Return the model that `name` spells, or None if there is none or more than one."""
    return _one(models(), name)


def scheduler(name: str) -> SchedulerEntry | None:
    """Return the scheduler that `name` spells, or None if there is none or more than one."""
    return _one(schedulers(), name)


def metric(name: str) -> MetricEntry | None:
    """Return the metric that `name` spells, or None if there is none or more than one."""
    return _one(metrics(), name)


def named_in(text: str, entries: tuple[E, ...]) -> tuple[E, ...]:
    """Return the entries that `text` names as words of its own, in order of their first naming.

    Where two spellings overlap the longer one counts: `CIFAR-100` does not name CIFAR-10.
    """
    spelt = spelling(text)
    spans = [
        (match.start(), -match.end(), place)
        for place, known in enumerate(entries)
        for name in (known.name, *known.aliases)
        if spelling(name) in spelt  # most names are not there, and a pattern is dear to make
        for match in _as_words(name).finditer(text)
    ]
    found: dict[int, None] = {}
    reached = -1
    for start, negative_end, place in sorted(spans):
        if start >= reached:
            found[place] = None
            reached = -negative_end
    return tuple(entries[place] for place in found)


@lru_cache(maxsize=2048)
def _as_words(name: str) -> re.Pattern[str]:
    parts = [re.escape(part) for part in re.split(r"[\s_\-/]+", name) if part]
    return re.compile(r"(?<![\w-])" + r"[\s_\-/]*".join(parts) + r"(?![\w]|-\d)", re.IGNORECASE)


def _one(entries: tuple[E, ...], name: str) -> E | None:
    wanted = spelling(name)
    found = [entry for entry in entries if wanted in _spellings(entry)]
    return found[0] if len(found) == 1 else None


def _spellings(entry: Entry) -> set[str]:
    names = {entry.name, *entry.aliases}
    if isinstance(entry, ModelEntry) and entry.pretrained:
        names |= {entry.pretrained, entry.pretrained.split("/")[1]}
    return {spelling(name) for name in names}


def _dataset_spellings(entry: DatasetEntry) -> set[str]:
    known = _spellings(entry)
    if entry.hub:
        owner_less = entry.hub.path.split("/")[1]
        known |= {spelling(entry.hub.path), spelling(owner_less)}
        if entry.hub.config:
            known.add(spelling(f"{owner_less}/{entry.hub.config}"))
    return known


def _read(kind: str, of: type[K]) -> tuple[K, ...]:
    place = resources.files("ohgw_tools") / "catalogue" / f"{kind}.yaml"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast where there is C
    data = yaml.load(place.read_text(encoding="utf-8"), Loader=loader)
    read = [of.model_validate({"name": name, **fields}) for name, fields in data.items()]
    read.sort(key=lambda entry: entry.name)
    return tuple(read)

"""SuppliedData: small made-up datasets in the form of known ones, to see where their contents go.

Two of them, `a` and `b`, have the same shape and nothing else in common. They are handed to the
program by the observer where it asks the hub for the dataset, and say nothing of how good it is.
"""

from __future__ import annotations

import json
import random
from typing import Any, Literal

from ohgw_tools.catalogue import DatasetEntry

Form = Literal["a", "b"]

ARTICLES = {"train": 200, "validation": 40, "test": 40}
ROWS = {"train": 96, "validation": 48, "test": 48}
_WORDS = 600
_TASKS = ("causal-lm", "text-classification", "image-classification")
# Names that datasets on the hub had before they got an owner.
_OLD_NAMES = {"Salesforce/wikitext": "wikitext", "stanfordnlp/imdb": "imdb"}


def can_supply(entry: DatasetEntry) -> bool:
    """Whether the dataset is one of the forms that can be made here."""
    role = {"image-classification": "image"}.get(entry.task, "text")
    return entry.hub is not None and entry.task in _TASKS and role in entry.columns


def labels_of(entry: DatasetEntry, form: Form) -> frozenset[int]:
    """The classes that `form` holds; those of `a` and `b` have none in common."""
    classes = entry.classes or 2
    of_a = range(classes // 2)
    return frozenset(of_a if form == "a" else range(classes // 2, classes))


def supplied(entry: DatasetEntry, form: Form) -> str:
    """Return the dataset as JSON that the observer's `supply` reads."""
    assert entry.hub is not None, "can_supply() first"
    path = entry.hub.path
    paths = {path, path.rpartition("/")[2], _OLD_NAMES.get(path, path)}
    splits = entry.splits or {"train": "train", "validation": "validation", "test": "test"}
    make = {"causal-lm": _articles, "text-classification": _texts}.get(entry.task, _images)
    return json.dumps(
        {
            "ids": sorted([p, entry.hub.config] for p in paths),
            "image": entry.columns["image"] if entry.task == "image-classification" else None,
            "splits": {own: make(entry, form, role) for role, own in splits.items()},
        }
    )


def _articles(entry: DatasetEntry, form: Form, role: str) -> dict[str, list[Any]]:
    """Lines of articles, each article twice, one after the other: whatever cuts the text into
    tokens, long pieces of it then occur again, as no random tokens do.
    """
    rng = random.Random(f"{form} {role}")
    words = _vocabulary(form)
    lines: list[str] = []
    for _ in range(ARTICLES[role] // 2):
        title = " ".join(rng.choices(words, k=2)).title()
        body = [" " + " ".join(rng.choices(words, k=12)) + " . \n" for _ in range(4)]
        lines += [f" = {title} = \n", *body] * 2
    return {entry.columns["text"]: lines}


def _texts(entry: DatasetEntry, form: Form, role: str) -> dict[str, list[Any]]:
    rng = random.Random(f"{form} {role}")
    words, labels = _vocabulary(form), sorted(labels_of(entry, form))
    texts = [" ".join(rng.choices(words, k=20)) for _ in range(ROWS[role])]
    chosen = [labels[i % len(labels)] for i in range(ROWS[role])]
    return {entry.columns["text"]: texts, entry.columns.get("label", "label"): chosen}


def _images(entry: DatasetEntry, form: Form, role: str) -> dict[str, list[Any]]:
    """Pictures of noise, dark in `a` and bright in `b`, 28 x 28 grey or 32 x 32 in colour."""
    rng = random.Random(f"{form} {role}")
    labels, low = sorted(labels_of(entry, form)), 0 if form == "a" else 136
    grey = "mnist" in entry.name

    def picture() -> list[Any]:
        if grey:
            return [[rng.randrange(low, low + 120) for _ in range(28)] for _ in range(28)]
        return [
            [[rng.randrange(low, low + 120) for _ in range(3)] for _ in range(32)]
            for _ in range(32)
        ]

    chosen = [labels[i % len(labels)] for i in range(ROWS[role])]
    pictures = [picture() for _ in range(ROWS[role])]
    return {entry.columns["image"]: pictures, entry.columns.get("label", "label"): chosen}


def _vocabulary(form: Form) -> list[str]:
    rng = random.Random(f"words {form}")
    return ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(_WORDS)]

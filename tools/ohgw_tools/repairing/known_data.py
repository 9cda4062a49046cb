"""KnownData: what a loader written by a recipe has to know of a dataset of the catalogue."""

from __future__ import annotations

import json
from typing import NamedTuple

from ohgw_tools.catalogue import DatasetEntry


class Kind(NamedTuple):
    """How a task's datasets are loaded: the template, the names of its constant and its class."""

    template: str
    constant: str
    dataset: str


# What images of no size of their own are scaled to, as networks for ImageNet expect them; in a
# smoke test they are those of CIFAR.
FULL_SIZE, SMOKE_SIZE = 224, 32
# Rows that are read of a stream: some 10**8 tokens of web text, as many as WikiText-103 has.
FULL_ROWS, SMOKE_ROWS = 200_000, 2_000
SMOKE_TOKENS, SMOKE_SAMPLES = 8_000, 128

_KINDS = {
    "causal-lm": Kind("text_data", "TEXT_DATASETS", "TextBlockDataset"),
    "image-classification": Kind("image_data", "IMAGE_DATASETS", "HubImageDataset"),
    "tabular-classification": Kind("table_data", "TABLE_DATASETS", "TableDataset"),
}


def kind_of(entry: DatasetEntry) -> Kind | None:
    """Return how the dataset is loaded; None where no template is certain to load it."""
    hub, task = entry.hub, entry.task
    if task == "tabular-classification":
        own = (entry.loader or "").startswith("sklearn.datasets.")
        return _KINDS[task] if own and entry.features and entry.classes else None
    if hub is None or (hub.script and not hub.revision) or "train" not in entry.splits:
        return None
    needed = {"causal-lm": {"text"}, "image-classification": {"image", "label"}}.get(task)
    if needed is None or not needed <= set(entry.columns):
        return None
    if task == "image-classification" and not ("test" in roles(entry) and entry.classes):
        return None
    return _KINDS[task]


def roles(entry: DatasetEntry) -> dict[str, str]:
    """Return the dataset's splits by role. Where labels of the test split are hidden, or there is
    none, the validation split is what is tested on, and validation rows are cut from train.
    """
    found = {str(role): own for role, own in entry.splits.items() if role not in entry.hidden}
    if "test" not in found and "validation" in found:
        found["test"] = found.pop("validation")
    return found


def split_names(entry: DatasetEntry) -> tuple[str, ...]:
    """Return the splits that the loader makes; without headlines there are none to exchange."""
    return ("train", "val", "test", *(("ood",) if entry.headline else ()))


def constant(name: str, entry: DatasetEntry, kind: Kind) -> str:
    """Return the assignment that tells the template of the dataset `name`."""
    lines = [f"{kind.constant} = {{"]
    lines += [f"    # {line}" for line in remarks(entry)]
    lines.append(f'    "{name}": {{')
    for key, value in _facts(entry).items():
        raw = f'r"{value}"' if key == "headline" else _literal(value)
        lines.append(f'        "{key}": {raw},')
    return "\n".join([*lines, "    },", "}"])


def _literal(value: object) -> str:
    """A value as Python writes it, texts in double quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{k}": {_literal(v)}' for k, v in value.items()) + "}"
    return json.dumps(value) if isinstance(value, str) else repr(value)


def remarks(entry: DatasetEntry) -> tuple[str, ...]:
    """Return what whoever runs the experiment has to know: terms to accept, licence, size."""
    found = []
    if entry.hub is not None and entry.hub.gated:
        found.append(f"Accept its terms first: https://huggingface.co/datasets/{entry.hub.path}")
    if entry.hub is not None and entry.hub.streamed:
        found.append("Too large to hold: dataset.max_rows says how many rows are read.")
    if entry.licence is not None and (entry.hub is None or entry.hub.gated):
        found.append(f"Licence: {entry.licence}.")
    return tuple(found)


def full_keys(entry: DatasetEntry) -> dict[str, str | int]:
    """Return what the full configuration's dataset section has to say, where it does not."""
    if entry.task == "image-classification" and entry.shape is None:
        return {"image_size": FULL_SIZE}
    return {"max_rows": FULL_ROWS} if entry.hub is not None and entry.hub.streamed else {}


def smoke_keys(entry: DatasetEntry) -> dict[str, str | int]:
    """Return what lets the smoke test run in small, and offline on what stands in."""
    if entry.task == "tabular-classification":
        inside = "in-package" in entry.offline
        stands_in = {} if inside else {"offline_fallback": "breast_cancer"}
        return {**stands_in, "max_samples": SMOKE_SAMPLES}
    if entry.task == "image-classification":
        size = {} if entry.shape else {"image_size": SMOKE_SIZE}
        return {"offline_fallback": "drawn_digits", "max_samples": SMOKE_SAMPLES, **size}
    rows = {"max_rows": SMOKE_ROWS} if entry.hub is not None and entry.hub.streamed else {}
    return {"offline_fallback": "python_docs", "max_tokens": SMOKE_TOKENS, **rows}


def _facts(entry: DatasetEntry) -> dict[str, object]:
    known: dict[str, object]
    if entry.hub is None:
        loader = (entry.loader or "").rpartition(".")[2]
        # What keeps a smoke test from waiting for a network that is not there.
        offline: dict[str, object] = {}
        if loader.startswith("fetch_"):
            once = {"n_retries": 1, "delay": 0.1}
            offline = {**once} if loader == "fetch_openml" else {"download_if_missing": False}
        known = {"loader": loader, "arguments": entry.arguments, "offline": offline}
        return {**known, "features": entry.features}
    known = {"hub": entry.hub.path, "config": entry.hub.config or ""}
    if entry.hub.revision:
        known["revision"] = entry.hub.revision
    if entry.task == "causal-lm":
        known |= {"streamed": True} if entry.hub.streamed else {}
        known |= {"column": entry.columns["text"]}
        known |= {role: own for role, own in roles(entry).items() if role != "validation"}
        return {**known, "headline": entry.headline or ""}
    shape = entry.shape or (3, FULL_SIZE, FULL_SIZE)
    known |= {key: entry.columns[key] for key in ("image", "label")} | roles(entry)
    return {**known, "classes": entry.classes, "channels": shape[0], "size": shape[1]}

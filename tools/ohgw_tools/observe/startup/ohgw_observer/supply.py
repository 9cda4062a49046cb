"""Supply: hands out datasets from a file where the program asks the hub for them."""

from __future__ import annotations

import json
import re
from typing import Any

from .record import Record

_SLICE = re.compile(r"(?P<name>[\w.-]+)(?:\[(?P<low>-?\d*)(?P<lp>%?):(?P<high>-?\d*)(?P<hp>%?)\])?")


class Supply:
    """The file is JSON: `ids`, a list of [path, configuration or null]; `splits`, rows by column;
    `image`, the column that holds images as nested lists, or null.
    """

    def __init__(self, record: Record, path: str) -> None:
        self._record = record
        self._path = path

    def replace_loading(self, record: Record, module: Any) -> None:
        """Let `datasets.load_dataset` answer from the file what the file is about."""
        original = module.load_dataset

        def load_dataset(path: Any, name: Any = None, *rest: Any, **more: Any) -> Any:
            with open(self._path, encoding="utf-8") as file:
                held = json.load(file)
            if not any(path == known and c in (None, name) for known, c in held["ids"]):
                return original(path, name, *rest, **more)
            record.once("supplied", path, name, more.get("split"))
            found = _dataset(held, more.get("split"))
            return _streamed(found) if more.get("streaming") else found

        load_dataset.__wrapped__ = original  # type: ignore[attr-defined]
        module.load_dataset = load_dataset


def _dataset(held: Any, split: Any) -> Any:
    import datasets

    def made(name: str) -> Any:
        columns = dict(held["splits"][name])
        if held.get("image"):
            columns[held["image"]] = [_image(rows) for rows in columns[held["image"]]]
        return datasets.Dataset.from_dict(columns)

    if split is None:
        return datasets.DatasetDict({name: made(name) for name in held["splits"]})
    if isinstance(split, (list, tuple)):
        return [_dataset(held, one) for one in split]
    parts = [_cut(made, str(part).strip()) for part in str(split).split("+")]
    return parts[0] if len(parts) == 1 else datasets.concatenate_datasets(parts)


def _cut(made: Any, text: str) -> Any:
    match = _SLICE.fullmatch(text)
    if match is None:
        raise ValueError(f"unknown split {text!r}")
    rows = made(match["name"])
    if match["low"] is None:
        return rows

    def place(word: str, percent: str, default: int) -> int:
        number = int(word) if word else default
        number = number * len(rows) // 100 if word and percent else number
        return max(0, min(len(rows), number if number >= 0 else len(rows) + number))

    low, high = place(match["low"], match["lp"], 0), place(match["high"], match["hp"], len(rows))
    return rows.select(range(low, max(low, high)))


def _image(rows: Any) -> Any:
    """A picture as `datasets` gives it where Pillow is installed, else as numbers."""
    import numpy

    array = numpy.asarray(rows, dtype=numpy.uint8)
    try:
        from PIL import Image
    except ImportError:
        return array
    return Image.fromarray(array)


def _streamed(found: Any) -> Any:
    if isinstance(found, dict):
        return type(found)({name: rows.to_iterable_dataset() for name, rows in found.items()})
    return found.to_iterable_dataset()

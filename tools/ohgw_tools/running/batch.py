"""Batch: what the observer saw go into a model or a loss; TrialPoint: how far a trial had come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple


class Batch(NamedTuple):
    """A tensor that went into a model (`input`) or a loss (`target`).

    `mode` is `train` with gradients, `eval` without, `other` for a model in evaluation mode with
    gradients. Integers stand in `ints`, row after row; of floats `rows` holds a digest of each row
    and `some` a few of its values.
    """

    kind: Literal["input", "target"]
    mode: str
    shape: tuple[int, ...]
    ints: tuple[int, ...] = ()
    rows: tuple[str, ...] = ()
    some: tuple[tuple[float, ...], ...] = ()
    loss: float | None = None

    def by_row(self, rows: int | None = None) -> list[tuple[float, ...]]:
        """The values that are known of each row; `rows` says how many rows flat integers make."""
        if self.some:
            return list(self.some)
        count = rows or (self.shape[0] if self.shape else 1)
        size = len(self.ints) // count if count else 0
        return [tuple(self.ints[i * size : (i + 1) * size]) for i in range(count)] if size else []


class TrialPoint(NamedTuple):
    """A trial at an evaluation that a script answered: its number in the order of starting, how
    much training it had had in units of the first trial's first, and the quality it was given.
    """

    trial: int
    level: int
    quality: float


def batch_of(kind: str, data: Mapping[str, Any]) -> Iterator[Batch]:
    """Yield the batch that a record's line describes; nothing if it has another shape."""
    shape, ints, rows, some = (data.get(key, []) for key in ("shape", "ints", "rows", "some"))
    loss = data.get("loss")
    if not all(_list_of(part, int) for part in (shape, ints)) or not isinstance(rows, list):
        return
    if not isinstance(some, list) or not all(_list_of(row, float) for row in some):
        return
    yield Batch(
        kind="input" if kind == "input" else "target",
        mode=str(data.get("mode")),
        shape=tuple(shape),
        ints=tuple(ints),
        rows=tuple(map(str, rows)),
        some=tuple(map(tuple, some)),
        loss=loss if isinstance(loss, float) else None,
    )


def trial_point_of(data: Mapping[str, Any]) -> Iterator[TrialPoint]:
    """Yield the point that a record's line describes; nothing if it has another shape."""
    trial, level, quality = (data.get(key) for key in ("trial", "level", "quality"))
    if isinstance(trial, int) and isinstance(level, int) and isinstance(quality, float):
        yield TrialPoint(trial, level, quality)


def _list_of(value: object, kind: type) -> bool:
    return isinstance(value, list) and all(type(item) is kind for item in value)

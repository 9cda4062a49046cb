"""SearchDesign: what an experiment's text says of its hyper-parameter search."""

from __future__ import annotations

import re
from typing import NamedTuple

from ohgw_tools import catalogue
from ohgw_tools.bundle import Bundle
from ohgw_tools.catalogue import SchedulerEntry

# Each dimension that the search template can vary: how texts spell it, and the range that a
# configuration gets. Texts name dimensions and leave ranges open; these are usual in the field.
_DIMENSIONS: tuple[tuple[str, str, tuple[float, float]], ...] = (
    ("log10_lr", r"(?:log(?:10)?[- _]?)?(?:lr\b|learning[- ]?rate)", (-4.5, -2.0)),
    ("log10_weight_decay", r"(?:log(?:10)?[- _]?)?(?:wd\b|weight[- ]?decay)", (-5.0, -1.0)),
    ("momentum", r"momentum", (0.5, 0.99)),
    ("attention_dropout", r"attention[- ]?dropout", (0.0, 0.3)),
    ("residual_dropout", r"residual[- ]?dropout", (0.0, 0.3)),
    ("augment_magnitude", r"augment\w*(?:[- ](?:magnitude|strength))?", (0.0, 0.3)),
    ("label_smoothing", r"label[- ]?smoothing", (0.0, 0.2)),
    ("warmup_scale", r"warm-?up(?:[- ]?steps)?", (0.5, 2.0)),
)
_SPACE = re.compile(
    r"(?:search space\s*\((\d+)\s*dims?\)\s*:\s*([^\n]+?)(?:\.\s|\.?\n|\.?$))"
    r"|(?:(\d+)-dim\w*\s+(?:continuous\s+)?search space\s*\{([^}]+)\})",
    re.IGNORECASE,
)
_LR_OF = {"ADAMW": (-4.5, -2.0), "ADAM": (-4.5, -2.0), "SGD": (-3.0, 0.0)}


# Trials of a search that has neither a budget nor an end of its own: those of Hyperband's largest
# bracket in its paper (R = 81, eta = 3).
_TRIALS = 81


class SearchDesign(NamedTuple):
    """A search as designed. What the text leaves open is None, or the default of the scheduler's
    paper; `assumed` names what was left open and is filled in by a recipe.
    """

    scheduler: SchedulerEntry
    dimensions: tuple[str, ...]
    min_epochs: int
    reduction_factor: int
    epochs: int | None
    replicates: int | None
    gpu_hours: float | None
    max_trials: int
    target: tuple[str, float] | None
    assumed: tuple[str, ...]

    def space(self, optimizer: str) -> dict[str, list[float]]:
        """Return the search space as a configuration writes it: [low, high] by dimension."""
        ranges = {name: values for name, _, values in _DIMENSIONS}
        ranges["log10_lr"] = _LR_OF.get(optimizer.upper(), _LR_OF["SGD"])
        return {name: list(ranges[name]) for name in self.dimensions}


def read(bundle: Bundle, scheduler: str) -> SearchDesign | None:
    """Return the design of a search with `scheduler`, or None where the text does not name its
    dimensions, or names a number of them that does not fit those found.
    """
    entry = catalogue.scheduler(scheduler)
    text = "\n".join([bundle.experiment.description, *map(str, bundle.method.values())])
    dimensions = _dimensions(text)
    if entry is None or not dimensions:
        return None
    least = _number(r"minimum resource(?: per config)?\s*=\s*(\d+)", text)
    factor = _number(r"(?:rungs?|reduction factor|eta)\s*(?:×|x|=)\s*(\d+)", text)
    hours = _number(r"(\d+(?:\.\d+)?)\s*GPU[×x*· -]*hours", text) or _gpus_for_hours(text)
    replicates = _number(r"(\d+)\s+(?:replicates|seeds)\b", text)
    epochs = _number(r"(\d+)\s+(?:training\s+)?epochs", text)
    assumed = ["ranges of the search space"]
    assumed += ["minimum resource"] if least is None else []
    assumed += ["reduction factor"] if factor is None else []
    assumed += ["number of trials"] if hours is None else []
    return SearchDesign(
        scheduler=entry,
        dimensions=dimensions,
        min_epochs=int(least or 1),
        reduction_factor=int(factor or 3),
        epochs=None if epochs is None else int(epochs),
        replicates=None if replicates is None else int(replicates),
        gpu_hours=hours,
        max_trials=_TRIALS,
        target=_target(text),
        assumed=tuple(assumed),
    )


def _dimensions(text: str) -> tuple[str, ...]:
    match = _SPACE.search(text)
    if match is None:
        return ()
    count, listed = match[1] or match[3], match[2] or match[4]
    found = []
    for name, pattern, _ in _DIMENSIONS:
        if re.search(rf"(?<![\w-]){pattern}", listed, re.IGNORECASE):
            found.append(name)
    return tuple(found) if len(found) == int(count) else ()


def _target(text: str) -> tuple[str, float] | None:
    ppl = _number(r"T@ppl\s*=\s*(\d+(?:\.\d+)?)", text)
    if ppl is not None:
        return "val_ppl", ppl
    accuracy = _number(r"(?:until|to|time-to-)\s*(\d+(?:\.\d+)?)\s?%[- ]accuracy", text)
    return None if accuracy is None else ("val_acc", accuracy / 100)


def _gpus_for_hours(text: str) -> float | None:
    """GPU hours of "4×V100 for 12 hours"."""
    found = re.search(r"(\d+)\s*[×x]\s*[A-Z]+\d*\w*\s+for\s+(\d+(?:\.\d+)?)\s*h", text)
    return None if found is None else float(found[1]) * float(found[2])


def _number(pattern: str, text: str) -> float | None:
    match = re.search(pattern, text, re.IGNORECASE)
    return None if match is None else float(match[1])

"""Kind: what one kind of experiment brings to a bundle, whatever style it is written in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Variation:
    """One run variation: its id and the `method` mapping that sets it apart."""

    id: str
    method: dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """Sources of a dataset loader and a model, and the numbers of the experiment.

    `loader` defines `load(options, seed) -> dict` and `model` a class with
    `(n_inputs, n_outputs, method, seed, **kwargs)`, `fit_epoch(data, lr) -> float`,
    `score(data) -> float` and `state() -> dict`; both are named by `loader_name`, `model_class`.
    """

    name: str
    dataset: str
    loader_name: str
    loader: str
    model: str
    model_class: str
    model_name: str
    model_options: dict[str, Any]
    options_full: dict[str, Any]
    options_smoke: dict[str, Any]
    variations: tuple[Variation, ...]
    metric: str
    lr: float
    epochs: int
    imports: tuple[str, ...] = ("numpy",)
    description: str = ""
    loader_imports: str = "import numpy as np"
    model_imports: str = "import numpy as np"
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def libraries(self) -> list[str]:
        """The distributions that the bundle depends on."""
        return sorted({*self.imports, "matplotlib", "numpy", "pyyaml"})

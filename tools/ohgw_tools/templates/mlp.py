"""A multi-layer perceptron for tables, from scratch."""

# PyTorch is a dependency of the experiments, not of this project.
# ruff: noqa: TID253
# mypy: disable-error-code="import-not-found,misc,no-any-return"

from __future__ import annotations

import torch
import torch.nn as nn


class TableMLP(nn.Module):
    """`depth` hidden layers of `width` units with ReLU and dropout, and a linear head."""

    def __init__(
        self,
        in_features: int,
        num_classes: int = 2,
        width: int = 128,
        depth: int = 2,
        dropout: float = 0.1,
    ):
        super().__init__()
        layers: list[nn.Module] = []
        for place in range(depth):
            layers += [nn.Linear(width if place else in_features, width), nn.ReLU()]
            layers.append(nn.Dropout(dropout))
        self.layers = nn.Sequential(*layers, nn.Linear(width, num_classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (rows, num_classes) of features (rows, in_features)."""
        return self.layers(x)

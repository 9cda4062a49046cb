"""The block that Transformers are stacks of: attention and a feed-forward network, norms first."""

# PyTorch is a dependency of the experiments, not of this project.
# ruff: noqa: TID253
# mypy: disable-error-code="import-not-found,misc,no-any-return"

from __future__ import annotations

import torch
import torch.nn as nn


class TransformerBlock(nn.Module):
    """Multi-head self-attention, then two linear layers, each after a norm and beside a shortcut.

    `attn_drop` drops attention weights, `drop` what either part adds to its shortcut.
    """

    def __init__(self, width: int, heads: int, hidden: int, dropout: float, causal: bool):
        super().__init__()
        if width % heads:
            raise ValueError(f"{heads} heads do not divide a width of {width}")
        self.heads, self.causal = heads, causal
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.attn_drop = nn.Dropout(dropout)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.drop = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features of the shape of `x`: (rows, places, width)."""
        rows, places, width = x.shape
        parts = self.qkv(self.norm1(x)).view(rows, places, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(
            query,
            key,
            value,
            dropout_p=self.attn_drop.p if self.training else 0.0,
            is_causal=self.causal,
        )
        x = x + self.drop(self.out(mixed.transpose(1, 2).reshape(rows, places, width)))
        return x + self.drop(self.mlp(self.norm2(x)))

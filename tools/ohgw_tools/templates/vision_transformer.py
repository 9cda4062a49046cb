"""The Vision Transformer from scratch, in plain PyTorch."""

# PyTorch is a dependency of the experiments, not of this project.
# ruff: noqa: TID253
# mypy: disable-error-code="import-not-found,misc,no-any-return"

from __future__ import annotations

import torch
import torch.nn as nn

from ohgw_tools.templates.transformer_block import TransformerBlock


class VisionTransformer(nn.Module):
    """ViT (Dosovitskiy et al. 2020) with random weights; the defaults are ViT-B/16 at 224 x 224."""

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        image_size: int = 224,
        patch_size: int = 16,
        width: int = 768,
        depth: int = 12,
        heads: int = 12,
        dropout: float = 0.0,
    ):
        super().__init__()
        if image_size % patch_size:
            raise ValueError(f"patches of {patch_size} do not fill an image of {image_size}")
        self.patch = nn.Conv2d(in_channels, width, patch_size, patch_size)
        places = (image_size // patch_size) ** 2 + 1
        self.cls = nn.Parameter(torch.zeros(1, 1, width))
        self.position = nn.Parameter(torch.zeros(1, places, width))
        self.drop = nn.Dropout(dropout)
        self.blocks = nn.Sequential(
            *(TransformerBlock(width, heads, 4 * width, dropout, False) for _ in range(depth))
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
        nn.init.trunc_normal_(self.cls, std=0.02)
        nn.init.trunc_normal_(self.position, std=0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (rows, num_classes) of images (rows, in_channels, height, width)."""
        patches = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.size(0), -1, -1), patches], dim=1)
        x = self.blocks(self.drop(x + self.position))
        return self.head(self.norm(x)[:, 0])

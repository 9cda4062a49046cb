"""ResNet for 32 x 32 images (He et al. 2016, section 4.2), which torchvision does not have."""

# PyTorch is a dependency of the experiments, not of this project.
# ruff: noqa: TID253
# mypy: disable-error-code="import-not-found,misc,no-any-return"

from __future__ import annotations

import torch
import torch.nn as nn


class CifarBlock(nn.Module):
    """Two 3 x 3 convolutions with a shortcut, padded by zeros where sizes change (option A)."""

    def __init__(self, in_channels: int, channels: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.stride = stride
        self.extra = channels - in_channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features of shape (rows, channels, height / stride, width / stride)."""
        out = torch.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        shortcut = x[:, :, :: self.stride, :: self.stride]
        shortcut = nn.functional.pad(shortcut, (0, 0, 0, 0, 0, self.extra))
        return torch.relu(out + shortcut)


class CifarResNet(nn.Module):
    """ResNet of depth 6n + 2: three stages of n blocks with width, 2 width and 4 width channels."""

    def __init__(
        self, depth: int = 20, num_classes: int = 10, in_channels: int = 3, width: int = 16
    ):
        super().__init__()
        if (depth - 2) % 6:
            raise ValueError(f"depth is 6n + 2 (20, 32, 44, 56, 110), not {depth}")
        self.conv = nn.Conv2d(in_channels, width, 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(width)
        blocks = []
        channels = width
        for stage in range(3):
            for block in range((depth - 2) // 6):
                stride = 2 if stage > 0 and block == 0 else 1
                blocks.append(CifarBlock(channels, width * 2**stage, stride))
                channels = width * 2**stage
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits of shape (rows, num_classes)."""
        x = torch.relu(self.bn(self.conv(x)))
        x = self.blocks(x)
        return self.head(x.mean(dim=(2, 3)))

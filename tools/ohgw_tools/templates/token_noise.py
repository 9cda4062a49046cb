"""Noise in the inputs of a causal language model."""

# PyTorch is a dependency of the experiments, not of this project.
# ruff: noqa: TID253
# mypy: disable-error-code="import-not-found,misc,no-any-return"

from __future__ import annotations

import torch
from torch.utils.data import Dataset


class TokenNoiseDataset(Dataset):
    """Replaces a share of the input tokens by other tokens; labels stay as they are.

    The noise is a function of (seed, row) alone, so that pausing a trial changes nothing.
    """

    def __init__(self, dataset: Dataset, noise_ratio: float, vocab_size: int, seed: int):
        super().__init__()
        self.dataset = dataset
        self.noise_ratio = noise_ratio
        self.vocab_size = vocab_size
        self.seed = seed

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, idx: int) -> dict[str, torch.Tensor]:
        item = dict(self.dataset[idx])
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + idx)
        clean = item["input_ids"]
        hit = torch.rand(clean.shape, generator=generator) < self.noise_ratio
        # A shift by 1 .. vocab_size - 1 never maps a token to itself.
        shift = torch.randint(1, self.vocab_size, clean.shape, generator=generator)
        item["input_ids"] = torch.where(hit, (clean + shift) % self.vocab_size, clean)
        return item

"""GPT-2 from scratch: its architecture of any size, with no trained weights."""

# PyTorch is a dependency of the experiments, not of this project.
# ruff: noqa: TID253
# mypy: disable-error-code="import-not-found,misc,no-any-return"

from __future__ import annotations

from typing import Any

import torch
import torch.nn as nn


class GPT2FromScratch(nn.Module):
    """GPT-2 (Radford et al. 2019) with random weights; the defaults are the small one, 124 M."""

    def __init__(
        self,
        vocab_size: int = 50257,
        seq_len: int = 1024,
        n_layer: int = 12,
        n_head: int = 12,
        n_embd: int = 768,
    ):
        super().__init__()
        from transformers import GPT2Config, GPT2LMHeadModel

        # Built from a configuration: from_pretrained would load trained weights.
        config = GPT2Config(
            vocab_size=vocab_size,
            n_positions=seq_len,
            n_layer=n_layer,
            n_head=n_head,
            n_embd=n_embd,
            bos_token_id=vocab_size - 1,
            eos_token_id=vocab_size - 1,
        )
        self.model = GPT2LMHeadModel(config)

    def forward(self, input_ids: torch.Tensor, labels: torch.Tensor | None = None) -> Any:
        """Return the output with `logits`, and `loss` (nats a predicted token) given labels."""
        return self.model(input_ids=input_ids, labels=labels)

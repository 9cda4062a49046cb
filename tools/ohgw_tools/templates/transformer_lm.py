"""A decoder-only Transformer language model of one's own, with no trained weights."""

# PyTorch is a dependency of the experiments, not of this project.
# ruff: noqa: TID253
# mypy: disable-error-code="import-not-found,misc,no-any-return"

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
import torch.nn as nn

from ohgw_tools.templates.transformer_block import TransformerBlock


class TransformerLM(nn.Module):
    """Causal language model: the defaults are the base sizes of Vaswani et al. 2017.

    Positions are learnt, norms come first, and input and output embeddings are tied, as in GPT-2.
    """

    def __init__(
        self,
        vocab_size: int = 50257,
        seq_len: int = 1024,
        n_layer: int = 6,
        n_head: int = 8,
        n_embd: int = 512,
        dropout: float = 0.1,
    ):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, n_embd)
        self.position = nn.Parameter(torch.zeros(seq_len, n_embd))
        self.drop = nn.Dropout(dropout)
        self.blocks = nn.Sequential(
            *(TransformerBlock(n_embd, n_head, 4 * n_embd, dropout, True) for _ in range(n_layer))
        )
        self.norm = nn.LayerNorm(n_embd)
        self.head = nn.Linear(n_embd, vocab_size, bias=False)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)
        nn.init.normal_(self.position, std=0.02)
        self.head.weight = self.embed.weight

    def forward(self, input_ids: torch.Tensor, labels: torch.Tensor | None = None) -> Any:
        """Return `logits` (rows, places, vocab_size), and `loss` (nats a predicted token) given
        labels: those of a place are compared with the logits of the place before.
        """
        x = self.embed(input_ids) + self.position[: input_ids.size(1)]
        logits = self.head(self.norm(self.blocks(self.drop(x))))
        loss = None
        if labels is not None:
            loss = nn.functional.cross_entropy(
                logits[:, :-1].reshape(-1, logits.size(-1)).float(),
                labels[:, 1:].reshape(-1),
                ignore_index=-100,
            )
        return SimpleNamespace(loss=loss, logits=logits)

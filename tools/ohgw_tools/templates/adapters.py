"""What differs between tasks: batches to logits, the loss, dropout, devices, and a first batch."""

# PyTorch is a dependency of the experiments, not of this project.
# ruff: noqa: TID253
# mypy: disable-error-code="import-not-found,no-any-return"

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import IterableDataset


def predict_batch(model: nn.Module, batch: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Return logits (rows, classes) and targets (rows) of a batch.

    A dict is a batch of a causal language model: the logits at each place predict the next token.
    Anything else is a pair of inputs and targets.
    """
    if isinstance(batch, dict):
        logits = model(input_ids=batch["input_ids"]).logits
        return logits[:, :-1].reshape(-1, logits.size(-1)), batch["labels"][:, 1:].reshape(-1)
    inputs, targets = batch
    magnitude = getattr(model, "augment_magnitude", 0.0)
    if model.training and magnitude > 0:
        inputs = augment_images(inputs, magnitude)
    return model(inputs), targets


def augment_images(images: torch.Tensor, magnitude: float) -> torch.Tensor:
    """Flip half of the images, and shift and scale each by up to `magnitude` (a share)."""
    rows = images.size(0)
    flip = torch.where(torch.rand(rows, device=images.device) < 0.5, -1.0, 1.0)
    turn = torch.zeros(rows, 2, 3, device=images.device, dtype=images.dtype)
    size = 1.0 + magnitude * (2 * torch.rand(rows, device=images.device) - 1)
    turn[:, 0, 0], turn[:, 1, 1] = flip * size, size
    turn[:, :, 2] = magnitude * (2 * torch.rand(rows, 2, device=images.device) - 1)
    grid = nn.functional.affine_grid(turn, list(images.shape), align_corners=False)
    return nn.functional.grid_sample(images, grid, align_corners=False)


def smoothed_loss(
    logits: torch.Tensor, targets: torch.Tensor, label_smoothing: float
) -> torch.Tensor:
    """Cross entropy with label smoothing, in nats a target."""
    return nn.functional.cross_entropy(
        logits.float(), targets, label_smoothing=label_smoothing, ignore_index=-100
    )


def set_stochastic(model: nn.Module, name: str, value: float) -> None:
    """Put a dropout probability or an augmentation magnitude into effect.

    Modules whose name holds `attn_drop` are attention dropout, all others residual dropout.
    """
    if name == "augment_magnitude":
        model.augment_magnitude = value
        return
    if name not in ("attention_dropout", "residual_dropout", "dropout"):
        raise ValueError(f"unknown hyper-parameter {name!r}")
    for path, module in model.named_modules():
        if isinstance(module, nn.Dropout):
            kind = "attention_dropout" if "attn_drop" in path else "residual_dropout"
            if name in (kind, "dropout"):
                module.p = value


def to_device(batch: Any, device: torch.device) -> Any:
    """Move every tensor of a batch."""
    if isinstance(batch, dict):
        return {key: value.to(device) for key, value in batch.items()}
    return tuple(value.to(device) for value in batch)


def random_states() -> tuple[Any, ...]:
    """Return the states of all global random number generators."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else None
    return torch.get_rng_state(), cuda, random.getstate(), np.random.get_state()


def set_random_states(states: tuple[Any, ...]) -> None:
    """Put all global random number generators back."""
    cpu, cuda, python, numpy_state = states
    torch.set_rng_state(cpu)
    if cuda is not None:
        torch.cuda.set_rng_state_all(cuda)
    random.setstate(python)
    np.random.set_state(numpy_state)


def first_batch(loader: Any) -> Any:
    """Return a mini-batch as the loader would give it, and leave the loader as it is.

    Generators, of the loader and the global ones, are put back, and no worker is started: one that
    stays for later epochs would be seeded at another time than in a run without a warm start.
    """
    states = random_states()
    sampler = getattr(loader, "sampler", None)
    owners = [
        g for g in (getattr(loader, "generator", None), getattr(sampler, "generator", None)) if g
    ]
    kept = [(generator, generator.get_state()) for generator in owners]
    try:
        streamed = isinstance(getattr(loader, "dataset", None), IterableDataset)
        if streamed or getattr(loader, "batch_sampler", None) is None:
            return next(iter(loader))  # rows have no places to ask for
        places = next(iter(loader.batch_sampler))
        return loader.collate_fn([loader.dataset[place] for place in places])
    finally:
        for generator, state in kept:
            generator.set_state(state)
        set_random_states(states)

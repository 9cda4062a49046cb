"""The one-shot hyper-gradient warm start of a run that trains one configuration."""

# PyTorch is a dependency of the experiments, not of this project.
# ruff: noqa: TID253
# mypy: disable-error-code="import-not-found,no-any-return"

from __future__ import annotations

import math
from typing import Any

import torch


def move_hyperparameters(
    model: Any, loader: Any, device: Any, eta_h: float, optimizer: Any, mdl: Any
) -> dict[str, Any]:
    """Move learning rate, weight decay and momentum of the optimizer by one hyper-gradient step.

    The step is psi - eta_h * dL/dpsi for psi = (log10 lr, log10 weight decay, momentum), from one
    mini-batch. Weights and the optimizer's state stay as they are; with eta_h = 0 nothing changes,
    and neither does a value of 0 (its logarithm does not exist).
    """
    group = optimizer.param_groups[0]
    psi = {"log10_lr": math.log10(group["lr"])}
    if group.get("weight_decay", 0.0) > 0:
        psi["log10_weight_decay"] = math.log10(group["weight_decay"])
    if group.get("momentum", 0.0) > 0:
        psi["momentum"] = group["momentum"]
    state = torch.get_rng_state()
    batch = mdl.to_device(next(iter(loader)), device)
    torch.set_rng_state(state)
    gradient, report = mdl.one_shot_hypergradient(
        model, batch, psi, mdl.predict_batch, mdl.smoothed_loss
    )
    moved = mdl.ohgw_step(psi, gradient, eta_h, {"momentum": (0.0, 0.999)})
    if moved != psi:
        for group in optimizer.param_groups:
            group["lr"] = 10.0 ** moved["log10_lr"]
            if "log10_weight_decay" in moved:
                group["weight_decay"] = 10.0 ** moved["log10_weight_decay"]
            if "momentum" in moved:
                group["momentum"] = moved["momentum"]
    return {"before": psi, "after": moved, "gradient": gradient, **report}

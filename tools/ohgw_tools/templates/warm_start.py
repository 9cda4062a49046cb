"""The one-shot hyper-gradient warm start of a run that trains one configuration."""

# PyTorch is a dependency of the experiments, not of this project.
# mypy: disable-error-code="import-not-found,no-any-return"

from __future__ import annotations

import math
from typing import Any


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
    batch = mdl.to_device(mdl.first_batch(loader), device)
    gradient, report = mdl.one_shot_hypergradient(
        model, batch, psi, mdl.predict_batch, mdl.smoothed_loss
    )
    moved = mdl.ohgw_step(psi, gradient, eta_h, {"momentum": (0.0, 0.999)})
    if moved != psi:
        change = {name: moved[name] - psi[name] for name in psi}
        # Groups keep their ratios: one without weight decay stays without.
        for group in optimizer.param_groups:
            group["lr"] *= 10.0 ** change["log10_lr"]
            if "log10_weight_decay" in change:
                group["weight_decay"] *= 10.0 ** change["log10_weight_decay"]
            if "momentum" in change and group.get("momentum", 0.0) > 0:
                group["momentum"] = min(max(group["momentum"] + change["momentum"], 0.0), 0.999)
    return {"before": psi, "after": moved, "gradient": gradient, **report}

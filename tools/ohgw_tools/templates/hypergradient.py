"""One-shot hyper-gradient warm start: one look-ahead step on one mini-batch, no unrolling.

The mini-batch is cut in two halves. The first gives the training gradient g(w; psi), the second the
outer loss L, the plain loss without dropout or label smoothing. The look-ahead step is that of SGD
with decoupled weight decay (not AdamW's, whose first step is close to sign(g), flat in psi):

    w'(psi) = w - s(psi) * (g(w; psi) + 10**log10_weight_decay * w)
    s(psi)  = r(warmup_scale) * 10**log10_lr / (1 - momentum)
    dL(w'(psi)) / dpsi by autograd, with v = dL/dw' from one more backward pass

1 / (1 - momentum) is the step that momentum reaches under a constant gradient: in the very first
step its buffer is empty and its derivative would be zero. r is the warm-up factor half-way through
the nominal warm-up, where it still depends on its scale. What enters through random masks alone
(dropout, augmentation) has no such derivative; it is taken by central finite differences under
common random numbers and flagged as such.

Sources: Baydin et al. 2018 (hypergradient of the learning rate), Luketina et al. 2016 (T1-T2),
Franceschi et al. 2017 (forward mode, of which this is one step).
"""

# PyTorch is a dependency of the experiments, not of this project.
# ruff: noqa: TID253, B905
# mypy: disable-error-code="import-not-found,no-any-return"

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ohgw_tools.templates.adapters import random_states, set_random_states

# Hyper-parameters that the look-ahead step is an explicit function of.
EXPLICIT = ("log10_lr", "log10_weight_decay", "momentum", "warmup_scale", "label_smoothing")


def split_batch(batch: Any) -> tuple[Any, Any]:
    """Cut a mini-batch (tensor, or tuple, list or dict of tensors) into two halves by rows."""
    rows = _rows(batch)
    if rows < 2:
        raise ValueError(f"a warm start needs a mini-batch of at least 2 rows, got {rows}")
    return _slice(batch, 0, rows // 2), _slice(batch, rows // 2, rows)


def _rows(batch: Any) -> int:
    if isinstance(batch, dict):
        return _rows(next(iter(batch.values())))
    return _rows(batch[0]) if isinstance(batch, (tuple, list)) else int(batch.shape[0])


def _slice(batch: Any, start: int, stop: int) -> Any:
    if isinstance(batch, dict):
        return {key: _slice(value, start, stop) for key, value in batch.items()}
    if isinstance(batch, (tuple, list)):
        return type(batch)(_slice(value, start, stop) for value in batch)
    return batch[start:stop]


def lookahead_scale(psi: dict[str, Any], warmup_steps: int) -> Any:
    """Return s(psi), the length of the look-ahead step; differentiable where psi holds tensors."""
    warmup = 1.0
    if warmup_steps > 0 and "warmup_scale" in psi:
        step = max(1.0, warmup_steps / 2)
        ramp = step / (psi["warmup_scale"] * warmup_steps)
        warmup = torch.clamp(torch.as_tensor(ramp, dtype=torch.float64), max=1.0)
    return warmup * 10.0 ** psi["log10_lr"] / (1.0 - psi.get("momentum", 0.0))


def one_shot_hypergradient(
    model: Any,
    batch: Any,
    psi: dict[str, float],
    predict: Callable[[Any, Any], tuple[Any, Any]],
    loss: Callable[[Any, Any, float], Any],
    set_stochastic: Callable[[Any, str, float], None] | None = None,
    warmup_steps: int = 0,
    difference: float = 0.02,
    fixed: dict[str, float] | None = None,
) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the hyper-gradient of each value in `psi`, and a report.

    The three adapters: `predict(model, batch)` gives logits and targets, `loss(logits, targets,
    label_smoothing)` a scalar that is linear in label smoothing, `set_stochastic(model, name,
    value)` puts a dropout probability or an augmentation magnitude into effect. Names outside
    EXPLICIT are taken by finite differences. `fixed` holds values that are not searched, such as a
    constant log10_lr: they take part in the step and get no gradient. Weights, buffers, modes,
    `.grad` and all random states are left as they were, bit for bit; an optimizer is never touched.
    """
    started = time.perf_counter()
    values = {**(fixed or {}), **psi}
    if "log10_lr" not in values:
        raise ValueError("a look-ahead step needs log10_lr, in psi or in fixed")
    inner, outer = split_batch(batch)
    params = [p for p in model.parameters() if p.requires_grad]
    saved = _save_state(model)
    seed = int(torch.randint(2**31, (1,)).item())

    def inner_gradient(smoothing: float) -> list[Any]:
        return _gradient(model, inner, params, predict, loss, smoothing, seed)

    try:
        plain, slope = inner_gradient(0.0), None
        if "label_smoothing" in values:
            slope = [u - g for u, g in zip(inner_gradient(1.0), plain)]
        step = _step(params, plain, slope, values, warmup_steps)
        towards = _outer_gradient(model, outer, params, predict, loss, step)
        parts = (
            _dot(towards, plain),
            _dot(towards, slope) if slope else 0.0,
            _dot(towards, params),
        )
        gradient = _explicit_gradient(psi, values, parts, warmup_steps)
        method = dict.fromkeys(gradient, "autograd")
        scale = float(lookahead_scale(values, warmup_steps))
        for name in psi:
            if name not in EXPLICIT and set_stochastic is not None:

                def along(value: float, name: str = name) -> float:
                    set_stochastic(model, name, value)
                    return _dot(towards, inner_gradient(values.get("label_smoothing", 0.0)))

                # A probability ends at 1, and so does what starts there.
                low, high = max(0.0, psi[name] - difference), psi[name] + difference
                high = min(high, 1.0) if psi[name] <= 1.0 else high
                try:
                    gradient[name] = -scale * (along(high) - along(low)) / (high - low)
                finally:
                    set_stochastic(model, name, psi[name])
                method[name] = "finite_difference"
    finally:
        _restore_state(model, saved)
    # Forward and backward passes over half a mini-batch: inner, smoothed inner, outer, differences.
    passes = 2 + (slope is not None) + 2 * sum(m == "finite_difference" for m in method.values())
    seconds = time.perf_counter() - started
    return gradient, {"method": method, "half_batches": passes, "seconds": seconds}


def ohgw_step(
    psi: dict[str, float],
    gradient: dict[str, float],
    eta_h: float,
    bounds: dict[str, tuple[float, float]] | None = None,
) -> dict[str, float]:
    """Return psi - eta_h * gradient, kept inside `bounds`.

    A value without a finite gradient stays as it is, and so does all of psi when eta_h is 0.
    """
    moved = dict(psi)
    if eta_h == 0:
        return moved
    for name, slope in gradient.items():
        if math.isfinite(slope):
            low, high = (bounds or {}).get(name, (-math.inf, math.inf))
            moved[name] = min(max(psi[name] - eta_h * slope, low), high)
    return moved


def _gradient(
    model: Any, batch: Any, params: list[Any], predict: Any, loss: Any, smoothing: float, seed: int
) -> list[Any]:
    """Training gradient at fixed random numbers: equal seeds draw equal masks."""
    model.train()
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)
    logits, targets = predict(model, batch)
    value = loss(logits, targets, smoothing)
    return _dense(params, torch.autograd.grad(value, params, allow_unused=True))


def _dense(params: list[Any], found: Any) -> list[Any]:
    """Gradients as dense tensors, zeros where a parameter takes no part."""
    pairs = zip(params, found)
    filled = [torch.zeros_like(p) if g is None else g for p, g in pairs]
    return [g.to_dense() if g.is_sparse else g for g in filled]


def _step(
    params: list[Any], plain: list[Any], slope: Any, psi: dict[str, float], warmup_steps: int
) -> list[Any]:
    scale = float(lookahead_scale(psi, warmup_steps))
    decay = 10.0 ** psi["log10_weight_decay"] if "log10_weight_decay" in psi else 0.0
    smoothing = float(psi.get("label_smoothing", 0.0))
    with torch.no_grad():
        full = plain if slope is None else [g + smoothing * d for g, d in zip(plain, slope)]
        return [scale * (g + decay * p) for g, p in zip(full, params)]


def _outer_gradient(
    model: Any, batch: Any, params: list[Any], predict: Any, loss: Any, step: list[Any]
) -> list[Any]:
    """v = dL/dw' at w' = w - step, without dropout; the weights are put back before returning."""
    before = [p.detach().clone() for p in params]
    model.eval()
    for module in model.modules():
        # Statistics of this batch: a fresh network's running ones say nothing yet.
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.train()
    try:
        with torch.no_grad():
            for p, change in zip(params, step):
                p.sub_(change)
        logits, targets = predict(model, batch)
        found = torch.autograd.grad(loss(logits, targets, 0.0), params, allow_unused=True)
    finally:
        with torch.no_grad():
            for p, old in zip(params, before):
                p.copy_(old)
    return _dense(params, found)


def _explicit_gradient(
    psi: dict[str, float], values: dict[str, Any], parts: tuple[float, float, float], warmup: int
) -> dict[str, float]:
    """Gradient of v . w'(psi) by autograd over psi, in float64; `parts`: v.g, v.(g1 - g0), v.w."""
    searched = {
        name: torch.tensor(float(psi[name]), dtype=torch.float64, requires_grad=True)
        for name in EXPLICIT
        if name in psi
    }
    values = {**values, **searched}
    push = parts[0] + values.get("label_smoothing", 0.0) * parts[1]
    if "log10_weight_decay" in values:
        push = push + 10.0 ** values["log10_weight_decay"] * parts[2]
    outer = -lookahead_scale(values, warmup) * push
    if not searched:
        return {}
    found = torch.autograd.grad(outer, list(searched.values()), allow_unused=True)
    return {name: 0.0 if g is None else float(g) for name, g in zip(searched, found)}


def _dot(left: list[Any], right: list[Any]) -> float:
    """Inner product in float64, whatever devices the parts of a model are on."""
    pairs = zip(left, right)
    return float(sum(torch.sum(a.detach().double() * b.detach().double()).item() for a, b in pairs))


def _save_state(model: Any) -> dict[str, Any]:
    held = [(module, name) for module in model.modules() for name in module._buffers]
    buffers = [(module, name, module._buffers[name]) for module, name in held]
    return {
        # The tensor itself too: a forward pass may put another one in its place.
        "buffers": [(m, n, b, None if b is None else b.detach().clone()) for m, n, b in buffers],
        "modes": [(module, module.training) for module in model.modules()],
        "random": random_states(),
    }


def _restore_state(model: Any, saved: dict[str, Any]) -> None:
    with torch.no_grad():
        for module, name, buffer, old in saved["buffers"]:
            module._buffers[name] = buffer
            if buffer is not None:
                buffer.copy_(old)
    for module, mode in saved["modes"]:
        module.training = mode
    set_random_states(saved["random"])

"""One configuration in training, which can pause and resume."""

# PyTorch is a dependency of the experiments, not of this project.
# ruff: noqa: TID253
# mypy: disable-error-code="import-not-found,no-any-return"

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import torch
import torch.optim as optim


def sample_psi(space: dict[str, Any], seed: int, trial: int) -> dict[str, Any]:
    """Draw configuration `trial`: uniform in [low, high], or one of `choices`.

    It depends on seed and trial alone, so that run variations are paired by seed.
    """
    rng = random.Random(seed * 100_003 + trial)
    psi: dict[str, Any] = {}
    for name, values in sorted(space.items()):
        if isinstance(values, dict):
            psi[name] = rng.choice(values["choices"])
        else:
            psi[name] = rng.uniform(float(values[0]), float(values[1]))
    return psi


def unit_psi(space: dict[str, Any], psi: dict[str, Any]) -> list[float]:
    """Return a configuration as numbers from 0 to 1, one for each dimension in order of names."""
    found = []
    for name, values in sorted(space.items()):
        if isinstance(values, dict):
            last = max(1, len(values["choices"]) - 1)
            found.append(values["choices"].index(psi[name]) / last)
        else:
            low, high = float(values[0]), float(values[1])
            found.append((psi[name] - low) / max(high - low, 1e-12))
    return found


def make_optimizer(model: Any, optim_cfg: dict[str, Any]) -> Any:
    """Return the configured optimizer; `Trial.apply` then sets what the trial searches."""
    kind = optim_cfg.get("type", "SGD").upper()
    lr = float(optim_cfg.get("lr", 0.01))
    decay = float(optim_cfg.get("weight_decay", 0.0))
    if kind in ("ADAM", "ADAMW"):
        betas = tuple(optim_cfg.get("betas", (0.9, 0.999)))
        cls = optim.AdamW if kind == "ADAMW" else optim.Adam
        return cls(model.parameters(), lr=lr, betas=betas, weight_decay=decay)
    momentum = float(optim_cfg.get("momentum", 0.9))
    return optim.SGD(model.parameters(), lr=lr, momentum=momentum, weight_decay=decay)


class Trial:
    """A configuration psi, and while it runs its model and optimizer."""

    def __init__(self, trial_id: int, psi: dict[str, Any], seed: int, mdl: Any, device: Any):
        self.trial_id = trial_id
        self.sampled = dict(psi)
        self.psi = psi
        self.seed = seed * 1000 + trial_id
        self.mdl = mdl
        self.device = device
        self.step = 0
        self.rows: list[dict[str, Any]] = []
        self.warm_start: dict[str, Any] = {}
        self.model: Any = None
        self.optimizer: Any = None

    def start(self, cfg: dict[str, Any]) -> None:
        """Build the model from the trial's seed, and the optimizer."""
        torch.manual_seed(self.seed)
        self.model = self.mdl.create_model(cfg).to(self.device)
        self.optimizer = make_optimizer(self.model, cfg.get("optimizer", {}))
        self.apply()

    def apply(self) -> None:
        """Put psi into effect: in the optimizer, in dropout modules, in augmentation."""
        for group in self.optimizer.param_groups:
            if "log10_lr" in self.psi:
                group["lr"] = 10.0 ** self.psi["log10_lr"]
            if "log10_weight_decay" in self.psi:
                group["weight_decay"] = 10.0 ** self.psi["log10_weight_decay"]
            if "momentum" in self.psi and "momentum" in group:
                group["momentum"] = self.psi["momentum"]
        self.base_lr = self.optimizer.param_groups[0]["lr"]
        for name in ("attention_dropout", "residual_dropout", "dropout", "augment_magnitude"):
            if name in self.psi:
                self.mdl.set_stochastic(self.model, name, self.psi[name])

    def train_epoch(
        self, loader: Any, epoch: int, total_steps: int, warmup_steps: float
    ) -> dict[str, float]:
        """Train one epoch under linear warm-up and cosine decay; return mean loss and accuracy."""
        # Order, masks and augmentation depend on (seed, epoch): pausing a trial changes nothing.
        torch.manual_seed(self.seed * 1009 + epoch)
        self.model.train()
        ramp = max(1.0, warmup_steps * self.psi.get("warmup_scale", 1.0))
        smoothing = self.psi.get("label_smoothing", 0.0)
        loss_sum = hits = count = 0.0
        for batch in loader:
            self.step += 1
            cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, self.step / max(1, total_steps))))
            for group in self.optimizer.param_groups:
                group["lr"] = self.base_lr * min(1.0, self.step / ramp) * cosine
            batch = self.mdl.to_device(batch, self.device)
            logits, targets = self.mdl.predict_batch(self.model, batch)
            loss = self.mdl.smoothed_loss(logits, targets, smoothing)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            loss_sum += loss.item() * targets.numel()
            hits += (logits.argmax(dim=-1) == targets).sum().item()
            count += targets.numel()
        return {"train_loss": loss_sum / max(1.0, count), "train_acc": hits / max(1.0, count)}

    def pause(self, path: Path) -> None:
        """Write all that resuming needs, and let go of the model."""
        state = {
            "model_state": self.model.state_dict(),
            "optimizer_state": self.optimizer.state_dict(),
            "psi": self.psi,
            "step": self.step,
        }
        torch.save(state, path)
        self.model = self.optimizer = None

    def resume(self, cfg: dict[str, Any], path: Path) -> None:
        """Build the trial again from what `pause` wrote."""
        self.start(cfg)
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model_state"])
        self.optimizer.load_state_dict(state["optimizer_state"])
        self.step = state["step"]


def warm_start(trial: Trial, cfg: dict[str, Any], loader: Any) -> None:
    """One-shot hyper-gradient warm start: move psi once, before the first epoch.

    `ohgw.enabled` and `ohgw.eta_h` decide. Weights, optimizer state and random states stay as they
    are; values that are not continuous are never moved.
    """
    ohgw_cfg = cfg.get("ohgw", {})
    if not ohgw_cfg.get("enabled", False):
        return
    search = cfg["search"]
    space = {name: v for name, v in search["space"].items() if not isinstance(v, dict)}
    psi = {name: trial.psi[name] for name in space}
    batch = trial.mdl.to_device(trial.mdl.first_batch(loader), trial.device)
    optim_cfg = cfg.get("optimizer", {})
    gradient, report = trial.mdl.one_shot_hypergradient(
        trial.model,
        batch,
        psi,
        trial.mdl.predict_batch,
        trial.mdl.smoothed_loss,
        trial.mdl.set_stochastic,
        warmup_steps=int(search.get("warmup_steps", 0)),
        fixed={"log10_lr": math.log10(float(optim_cfg.get("lr", 0.01)))},
    )
    bounds = {name: (float(v[0]), float(v[1])) for name, v in space.items()}
    eta_h = float(ohgw_cfg.get("eta_h", 1e-3))
    trial.psi = {**trial.psi, **trial.mdl.ohgw_step(psi, gradient, eta_h, bounds)}
    trial.apply()
    trial.warm_start = {"eta_h": eta_h, "gradient": gradient, "moved_to": dict(trial.psi), **report}

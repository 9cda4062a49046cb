"""A search of trials around a training script that trained one configuration.

`pp` and `mdl` are the experiment's own modules for data and models.
"""

# PyTorch is a dependency of the experiments, not of this project.
# ruff: noqa: TID253
# mypy: disable-error-code="import-not-found,no-any-return"

from __future__ import annotations

import json
import math
import random
import resource
import shutil
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import torch

from ohgw_tools.templates.trial import Trial, sample_psi, unit_psi, warm_start


def measure(model: Any, loader: Any, device: Any, mdl: Any, prefix: str) -> dict[str, float]:
    """Return loss (nats a target, no smoothing), accuracy, perplexity and top-10 ECE of a split."""
    model.eval()
    loss_sum = hits = count = 0.0
    bins = torch.zeros(3, 15)
    with torch.no_grad():
        for batch in loader:
            logits, targets = mdl.predict_batch(model, mdl.to_device(batch, device))
            loss_sum += mdl.smoothed_loss(logits, targets, 0.0).item() * targets.numel()
            hits += (logits.argmax(dim=-1) == targets).sum().item()
            count += targets.numel()
            add_to_bins(bins, logits, targets, k=10)
    loss = loss_sum / max(1.0, count)
    return {
        f"{prefix}_loss": loss,
        f"{prefix}_acc": hits / max(1.0, count),
        f"{prefix}_ppl": math.exp(min(loss, 700.0)),
        f"{prefix}_ece_top10": expected_calibration_error(bins),
    }


def add_to_bins(bins: torch.Tensor, logits: torch.Tensor, targets: torch.Tensor, k: int) -> None:
    """Add the k most probable classes of each row to 15 equal bins: confidence, hits, count."""
    share = torch.softmax(logits.float(), dim=-1)
    top, classes = share.topk(min(k, share.size(-1)), dim=-1)
    right = (classes == targets.unsqueeze(-1)).float().reshape(-1).cpu()
    top = top.reshape(-1).cpu()
    # What diverged is no number: whatever bin it goes to, the error then is none either.
    place = (top * bins.size(1)).nan_to_num().long().clamp(0, bins.size(1) - 1)
    for row, values in enumerate((top, right, torch.ones_like(top))):
        bins[row].index_add_(0, place, values)


def expected_calibration_error(bins: torch.Tensor) -> float:
    """Mean gap of confidence and accuracy over the bins, by their counts (Guo et al. 2017)."""
    total = bins[2].sum().clamp(min=1.0)
    return float((bins[0] - bins[1]).abs().sum() / total)


def time_to_target(rows: list[dict[str, Any]], metric: str, target: float) -> float | None:
    """Return the first elapsed time (s) at which `metric` reached the target; None if never."""
    for row in sorted(rows, key=lambda row: row["elapsed_sec"]):
        reached = row[metric] >= target if metric.endswith("_acc") else row[metric] <= target
        if reached:
            return float(row["elapsed_sec"])
    return None


def peak_memory_bytes() -> int:
    """Return the most memory held so far: on the GPU, else the process's resident set."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def make_scheduler(search: dict[str, Any], max_epochs: int, mdl: Any, seed: int) -> Any:
    """Return the scheduler that the configuration names; it minimises.

    One that models configurations also gets them, as numbers from 0 to 1 by trial.
    """
    scheduler = mdl.SCHEDULERS[search["scheduler"].upper()](
        max_epochs=max_epochs,
        min_epochs=int(search["min_epochs"]),
        reduction_factor=int(search["reduction_factor"]),
        max_trials=search.get("max_trials"),
    )
    if hasattr(scheduler, "features"):
        space = search["space"]
        scheduler.features = lambda trial: unit_psi(space, sample_psi(space, seed, trial))
    return scheduler


def objective(row: dict[str, Any], task: str) -> float:
    """Return what the scheduler minimises: validation loss for text, else validation error.

    A trial that diverged is worse than any other, whatever it still hits.
    """
    if not math.isfinite(row["val_loss"]):
        return math.inf
    return float(row["val_loss"] if task == "language_modeling" else 1.0 - row["val_acc"])


def run_job(
    trial: Trial, job: tuple[int, int, int], cfg: dict[str, Any], loaders: Any, spent: float
) -> list[dict[str, Any]]:
    """Train a trial from one epoch to another; return a row for each epoch."""
    began, rows = time.perf_counter(), []
    epochs = int(cfg["training"]["epochs"])
    warmup_steps = float(cfg["search"].get("warmup_steps", 0))
    for epoch in range(job[1] + 1, job[2] + 1):
        total = epochs * len(loaders["train"])
        row = {"epoch": epoch, **trial.train_epoch(loaders["train"], epoch, total, warmup_steps)}
        row.update(measure(trial.model, loaders["val"], trial.device, trial.mdl, "val"))
        row["elapsed_sec"] = spent + time.perf_counter() - began
        rows.append(row)
        shown = {"run_id": cfg["run_id"], "trial": trial.trial_id, **row}
        print(json.dumps(shown), flush=True)
    if "ood" in loaders:
        # After every rung, as designed: the shift and its cost in perplexity.
        rows[-1].update(measure(trial.model, loaders["ood"], trial.device, trial.mdl, "ood"))
        rows[-1]["delta_ppl"] = rows[-1]["ood_ppl"] - rows[-1]["val_ppl"]
    trial.rows += rows
    return rows


def run_replicate(
    cfg: dict[str, Any], seed: int, run_dir: Path, device: Any, pp: Any, mdl: Any
) -> dict[str, Any]:
    """Search with one seed and return its report; trials pause in checkpoints and resume."""
    cfg = {**cfg, "seed": seed}
    search, task = cfg["search"], cfg.get("task", "classification")
    random.seed(seed)
    torch.manual_seed(seed)
    loaders = {split: pp.get_dataloader(cfg, split=split) for split in search["splits"]}
    scheduler = make_scheduler(search, int(cfg["training"]["epochs"]), mdl, seed)
    budget = float(search.get("budget_gpu_hours", math.inf)) * 3600
    trials: dict[int, Trial] = {}
    best: tuple[float, int] = (math.inf, 0)
    jobs: list[tuple[int, int, int]] = []
    best_path = run_dir / "checkpoints" / f"best_seed_{seed}.pt"
    spent = 0.0
    while spent < budget and (job := scheduler.next_job()) is not None:
        began = time.perf_counter()
        path = run_dir / "checkpoints" / f"seed_{seed}_trial_{job[0]}.pt"
        if job[1] == 0:
            psi = sample_psi(search["space"], seed, job[0])
            trial = trials[job[0]] = Trial(job[0], psi, seed, mdl, device)
            trial.start(cfg)
            warm_start(trial, cfg, loaders["train"])
        else:
            trial = trials[job[0]]
            trial.resume(cfg, path)
        jobs.append(job)
        for row in run_job(trial, job, cfg, loaders, spent):
            scheduler.report(job[0], row["epoch"], objective(row, task))
        reached = objective(trial.rows[-1], task)
        if reached < best[0] or not best_path.exists():
            best = (reached, job[0])
            torch.save(trial.model.state_dict(), best_path)
        trial.pause(path)
        spent += time.perf_counter() - began
    for path in (run_dir / "checkpoints").glob(f"seed_{seed}_trial_*.pt"):
        path.unlink()
    return replicate_report(cfg, seed, trials, trials[best[1]], jobs, spent, loaders, best_path)


def replicate_report(
    cfg: dict[str, Any],
    seed: int,
    trials: dict[int, Trial],
    winner: Trial,
    jobs: list[tuple[int, int, int]],
    spent: float,
    loaders: Any,
    best_path: Path,
) -> dict[str, Any]:
    """Return what one replicate found, its final test included, and what the warm starts cost."""
    every = [row for trial in trials.values() for row in trial.rows]
    rows = [row for row in every if math.isfinite(row["val_loss"])]
    target = cfg["search"].get("target")
    winner.start(cfg)
    winner.model.load_state_dict(torch.load(best_path, map_location=winner.device))
    final = {}
    for split in ("test", "ood"):
        if split in loaders:
            final.update(measure(winner.model, loaders[split], winner.device, winner.mdl, split))
    weights = sum(p.numel() for p in winner.model.parameters())
    winner.model = winner.optimizer = None
    epochs_run = sum(end - start for _, start, end in jobs)
    halves = sum(trial.warm_start.get("half_batches", 0) for trial in trials.values())
    warm_seconds = sum(trial.warm_start.get("seconds", 0.0) for trial in trials.values())
    return {
        "seed": seed,
        "jobs": [list(job) for job in jobs],
        "best_trial": winner.trial_id,
        "best_psi": winner.psi,
        "best_epoch_metrics": winner.rows,
        "best_val_ppl": min((row["val_ppl"] for row in rows), default=None),
        "best_val_acc": max((row["val_acc"] for row in rows), default=None),
        "time_to_target_sec": time_to_target(rows, *target) if target else None,
        "gpu_hours": spent / 3600,
        "num_parameters": weights,
        # A step costs about 6 FLOPs a weight and token, half a batch half of that (Kaplan 2020).
        "flops_overhead": 0.5 * halves / max(1, epochs_run * len(loaders["train"])),
        "warm_start_time_share": warm_seconds / max(spent, 1e-9),
        "peak_memory_bytes": peak_memory_bytes(),
        "warm_starts": [
            {"trial": t.trial_id, "sampled": t.sampled, **t.warm_start} for t in trials.values()
        ],
        **final,
    }


def run_search(
    cfg: dict[str, Any], run_dir: Path, device: Any, pp: Any, mdl: Any
) -> dict[str, Any]:
    """Run the configured search once for each seed and return the run's results.

    Figures and `final_metrics` show the first seed's best trial; `replicates` holds all seeds.
    """
    began = time.perf_counter()
    if "threads" in cfg["search"]:
        # A small model gains nothing from more, and threads that wait for a busy core cost much.
        torch.set_num_threads(int(cfg["search"]["threads"]))
    seeds = [int(seed) for seed in cfg["search"]["seeds"]]
    replicates = [run_replicate(cfg, seed, run_dir, device, pp, mdl) for seed in seeds]
    rows = replicates[0]["best_epoch_metrics"]
    best_path = run_dir / "checkpoints" / f"best_seed_{seeds[0]}.pt"
    shutil.copyfile(best_path, run_dir / "best_model.pt")
    spread = {}
    for name in ("best_val_ppl", "best_val_acc", "test_ppl", "ood_ppl"):
        values = [r[name] for r in replicates if r.get(name) is not None]
        if len(values) > 1:
            spread[f"{name}_std"] = statistics.stdev(values)
    final = {key: value for key, value in replicates[0].items() if isinstance(value, float)}
    return {
        "run_id": cfg["run_id"],
        "task": cfg.get("task", "classification"),
        "scheduler": cfg["search"]["scheduler"],
        "data": getattr(pp, "DATA_SOURCES", {}),
        "final_metrics": {**rows[-1], **final, **spread},
        "epoch_metrics": rows,
        "replicates": replicates,
        "training_time_sec": time.perf_counter() - began,
    }

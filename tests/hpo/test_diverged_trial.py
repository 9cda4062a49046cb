"""A search whose first trial diverges: it goes on, and the trial that did not is the best."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.torch


def test_scores_of_a_model_that_diverged_are_no_numbers_and_raise_nothing():
    import torch

    from ohgw_tools.templates import adapters
    from ohgw_tools.templates.search import measure, objective

    model = torch.nn.Linear(3, 4)
    with torch.no_grad():
        model.weight.fill_(math.nan)
    batch = torch.randn(8, 3), torch.arange(8) % 4
    row = measure(model, [batch], "cpu", SimpleNamespace(**vars(adapters)), "val")
    assert math.isnan(row["val_loss"])
    assert math.isnan(row["val_ece_top10"])
    for task in ("classification", "language_modeling"):
        assert objective(row, task) == math.inf
        assert objective({"val_loss": 9.0, "val_acc": 0.1}, task) < math.inf


@pytest.mark.parametrize("task", ["classification", "language_modeling"])
def test_the_best_trial_is_one_that_did_not_diverge(task, tmp_path):
    import torch

    from ohgw_tools.templates import adapters, hypergradient
    from ohgw_tools.templates.schedulers import AshaScheduler
    from ohgw_tools.templates.search import run_replicate
    from ohgw_tools.templates.trial import sample_psi

    space = {"log10_lr": {"choices": [30.0, -1.0]}}
    rates = {s: [sample_psi(space, s, t)["log10_lr"] for t in range(3)] for s in range(50)}
    seed = next(s for s, found in rates.items() if found == [30.0, -1.0, 30.0])
    generator = torch.Generator().manual_seed(0)
    targets = torch.arange(32) % 4
    noise = 0.1 * torch.randn(32, 4, generator=generator)
    inputs = torch.nn.functional.one_hot(targets, 4) + noise
    batches = [(inputs[i : i + 8], targets[i : i + 8]) for i in range(0, 32, 8)]
    models = {
        "SCHEDULERS": {"ASHA": AshaScheduler},
        # Two layers: their product overflows.
        "create_model": lambda cfg: torch.nn.Sequential(
            torch.nn.Linear(4, 8), torch.nn.Linear(8, 4)
        ),
    }
    mdl = SimpleNamespace(**{**vars(adapters), **vars(hypergradient), **models})
    pp = SimpleNamespace(get_dataloader=lambda cfg, split: batches)
    search = {"scheduler": "ASHA", "min_epochs": 1, "reduction_factor": 2, "max_trials": 3}
    cfg = {
        "run_id": "one",
        "task": task,
        "optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.0},
        "training": {"epochs": 4},
        "search": {**search, "splits": ["train", "val", "test"], "space": space},
    }
    (tmp_path / "checkpoints").mkdir()
    found = run_replicate(cfg, seed, tmp_path, "cpu", pp, mdl)
    assert found["best_trial"] == 1
    assert found["best_val_ppl"] < 4
    assert math.isfinite(found["test_loss"])
    assert [start for _, start, _ in found["jobs"]].count(0) == 3, "all trials were tried"
    json.dumps(found, allow_nan=False)

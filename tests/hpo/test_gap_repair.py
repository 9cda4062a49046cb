"""Other datasets, models and schedulers, repaired by recipes as far as recipes can; what is left is
named, so that a model can be asked for it."""

from __future__ import annotations

import pytest
import yaml
from gap_bundles import GAPS, LM, made, needed
from test_cifar_repair import CONTRACT, repair

from ohgw_tools.check import check


@pytest.mark.parametrize("gap", GAPS, ids=lambda gap: gap.name)
def test_recipes_repair_what_they_can_and_the_rest_is_named(gap):
    bundle = made(gap)
    assert len(bundle.derived) == len(CONTRACT.files)
    before = check(bundle, CONTRACT)
    repaired, names, errors = repair(bundle)
    assert len(errors) < len(before.errors), "nothing was mended"
    assert set(needed(errors)) <= set(gap.left)
    if gap.left:
        assert errors, "what is left must be an error"
        return
    assert {"dataset-loader", "trial-loop"} <= set(names)
    assert errors == ()
    for path in ("config/full_experiment.yaml", "config/smoke_test.yaml"):
        runs = yaml.safe_load(repaired.derived[path])["runs"]
        assert tuple(run["run_id"] for run in runs) == gap.variations
        for run in runs:
            # Where no open implementation exists, what stands in bears its own name.
            scheduler = run["search"]["scheduler"].removesuffix("_SUBSTITUTE")
            assert scheduler == run["run_id"].partition("-")[0].upper()
            noisy = run["run_id"].endswith("noisy")
            assert run["dataset"].get("noise_ratio", 0.0) == (gap.noise if noisy else 0.0)
    assert ("TextBlockDataset" in repaired.derived["src/preprocess.py"]) == (gap.task == LM)

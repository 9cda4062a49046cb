"""Other datasets, models and schedulers, repaired by recipes as far as recipes can; what is left is
named, so that a model can be asked for it."""

from __future__ import annotations

import pytest
import yaml
from gap_bundles import GAPS, LM, made, needed
from test_cifar_repair import CONTRACT, repair

from ohgw_tools import guard
from ohgw_tools.check import check
from ohgw_tools.edit import Patch, SetKey
from ohgw_tools.editing.patch import apply


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


@pytest.mark.parametrize(
    ("name", "rows", "severity"),
    [("web-text", 200_000, "warning"), ("web-text", 1234, "error"), ("forests", 200_000, "error")],
)
def test_only_a_stream_may_be_given_an_end_and_it_is_shown(name, rows, severity):
    bundle = made(next(gap for gap in GAPS if gap.name == name))
    key = ("runs", 0, "dataset", "max_rows")
    cut = SetKey(path="config/full_experiment.yaml", key=key, value=rows)
    patch = Patch(edits=(cut,), answers=("x",), note="so much of it is read")
    after = bundle.with_derived(apply(bundle.derived, patch).tree)
    said = guard.inspect(bundle, after, patch, CONTRACT)
    assert [(f.rule, f.severity) for f in said] == [("guard-shortened-run", severity)]

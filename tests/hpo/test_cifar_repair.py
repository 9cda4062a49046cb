"""The method's other experiment (CIFAR-10, ResNet-20 under three schedulers), repaired by recipes:
catalogue-model, dataset-loader, trial-loop; and what recipes leave to a model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fnmatch import fnmatchcase

import pytest
import yaml
from cifar_bundle import cifar

from ohgw_tools import catalogue, guard
from ohgw_tools.check import check
from ohgw_tools.contract import Contract
from ohgw_tools.editing.patch import apply
from ohgw_tools.recipe import all_recipes

CONTRACT = Contract.load("base-derived")
CONFIGS = ("config/full_experiment.yaml", "config/smoke_test.yaml")
SCHEDULERS = {"asha": "ASHA", "pasha": "PASHA", "dyhpo": "DYHPO_SUBSTITUTE"}
VARIATIONS = tuple(f"{name}-{kind}" for name in SCHEDULERS for kind in ("baseline", "ohgw"))


def repair(bundle):
    """(bundle, names of recipes, errors left)."""
    names = []
    for _ in range(16):
        verdict = check(bundle, CONTRACT)
        if not verdict.errors:
            break
        for recipe in all_recipes():
            mine = tuple(
                f
                for f in verdict.findings
                if f.severity != "info" and any(fnmatchcase(f.rule, a) for a in recipe.ANSWERS)
            )
            patch = recipe.propose(bundle, CONTRACT, mine) if mine else None
            if patch is not None:
                after = bundle.with_derived(apply(bundle.derived, patch).tree)
                refused = guard.inspect(bundle, after, patch, CONTRACT)
                assert [f for f in refused if f.severity == "error"] == []
                bundle = after
                names.append(recipe.NAME)
                break
        else:
            break
    return bundle, names, verdict.errors


@pytest.fixture(scope="module")
def repaired():
    return repair(cifar(VARIATIONS))


def test_recipes_alone_make_it_statically_ready(repaired):
    _, names, errors = repaired
    assert errors == ()
    assert {"catalogue-model", "dataset-loader", "trial-loop"} <= set(names)


def test_each_run_gets_the_scheduler_that_it_is_named_for(repaired):
    bundle, _, _ = repaired
    for path in ("config/full_experiment.yaml", "config/smoke_test.yaml"):
        runs = yaml.safe_load(bundle.derived[path])["runs"]
        found = {run["run_id"]: run["search"]["scheduler"] for run in runs}
        assert found == {v: SCHEDULERS[v.partition("-")[0]] for v in VARIATIONS}
    full = yaml.safe_load(bundle.derived["config/full_experiment.yaml"])["runs"]
    assert all(len(run["search"]["seeds"]) == 50 for run in full)
    assert all(run["search"]["target"] == ["val_acc", 0.93] for run in full)
    assert all(
        set(run["search"]["space"])
        == {"log10_lr", "log10_weight_decay", "momentum", "augment_magnitude", "label_smoothing"}
        for run in full
    )
    assert all("offline_fallback" not in run["dataset"] for run in full)


@pytest.mark.parametrize(
    ("name", "key", "cls"),
    [
        ("boil", "BOIL_SUBSTITUTE", "GaussianProcessRaceScheduler"),
        ("hyperband-bo", "HYPERBAND_BO_SUBSTITUTE", "HyperbandScheduler"),
        ("successive-halving", "SUCCESSIVE_HALVING", "SuccessiveHalvingScheduler"),
    ],
)
def test_other_schedulers_and_what_stands_in_for_one_says_so(name, key, cls):
    bundle, _, errors = repair(cifar((f"{name}-baseline", f"{name}-ohgw")))
    assert errors == ()
    for path in ("config/full_experiment.yaml", "config/smoke_test.yaml"):
        runs = yaml.safe_load(bundle.derived[path])["runs"]
        assert {run["search"]["scheduler"] for run in runs} == {key}
    model = bundle.derived["src/model.py"]
    assert f'"{key}": {cls}' in model
    assert model.count("Job = ") == 1
    assert "class PashaScheduler" not in model


def test_a_search_without_an_end_of_its_own_gets_one(repaired):
    bundle, _, _ = repaired
    full = yaml.safe_load(bundle.derived["config/full_experiment.yaml"])["runs"]
    assert {run["search"]["budget_gpu_hours"] for run in full} == {48}


@pytest.mark.parametrize(
    ("model", "dataset"),
    [
        ("resnet20", "STL10"),
        ("resnet20", "my_pictures"),
        ("some_net", "CIFAR10"),
        ("densenet121", "CIFAR10"),
    ],
)
def test_what_is_not_certain_is_not_repaired(model, dataset):
    _, _, errors = repair(cifar(VARIATIONS[:2], model, dataset))
    named = {str(f.data.get("name")) for f in errors if f.rule == "registry-gap"}
    wanted = model if model != "resnet20" else dataset
    assert {catalogue.spelling(name) for name in named} == {catalogue.spelling(wanted)}
    assert "missing-scheduler" in {f.rule for f in errors}, "a search waits for data and models"


@pytest.mark.parametrize(
    ("model", "dataset"),
    [
        ("resnet32", "cifar100"),
        ("resnet44", "mnist"),
    ],
)
def test_other_datasets_and_models_of_the_catalogue(model, dataset):
    bundle, _, errors = repair(cifar(VARIATIONS[:2], model, dataset))
    assert errors == ()
    assert "class CifarResNet" in bundle.derived["src/model.py"]
    smoke = yaml.safe_load(bundle.derived["config/smoke_test.yaml"])["runs"]
    assert all(run["dataset"]["offline_fallback"] == "drawn_digits" for run in smoke)
    assert all(run["model"]["kwargs"]["width"] == 4 for run in smoke)


@pytest.mark.parametrize(
    ("model", "dataset", "full", "small"),
    [
        # A grey dataset keeps its one channel, and the network is told.
        ("resnet44", "mnist", ({}, {"in_channels": 1}), ({}, {"in_channels": 1})),
        # Weights of a ViT depend on the size of images: B/16 keeps its 196 patches.
        (
            "vit_b_16",
            "CIFAR10",
            ({"image_size": 224}, {}),
            ({"image_size": 32}, {"image_size": 32, "patch_size": 8}),
        ),
        ("resnet20", "ImageNet-1k", ({"image_size": 224}, {}), ({"image_size": 32}, {})),
    ],
)
def test_images_and_models_fit_each_other_in_both_configurations(model, dataset, full, small):
    bundle, _, errors = repair(cifar(VARIATIONS[:2], model, dataset))
    assert errors == ()
    for path, (data, kwargs) in zip(CONFIGS, (full, small), strict=True):
        for run in yaml.safe_load(bundle.derived[path])["runs"]:
            assert {k: v for k, v in run["dataset"].items() if k == "image_size"} == data
            assert kwargs.items() <= run["model"]["kwargs"].items()
    told = "https://huggingface.co/datasets/ILSVRC/imagenet-1k"
    assert (told in bundle.derived["src/preprocess.py"]) == (dataset == "ImageNet-1k")


def test_a_vit_is_not_put_before_data_that_other_code_loads():
    """Which size these images have is not known, and a ViT's weights depend on it."""
    bundle = cifar(VARIATIONS[:2], "vit_b_16", "RANDOM_PLACEHOLDER")
    _, names, errors = repair(bundle)
    assert "catalogue-model" not in names
    assert errors


def write(bundle, folder):
    for path, text in bundle.derived.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


def run(folder, *arguments):
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**environment, "HF_HOME": str(folder / "hf")},
        capture_output=True,
        text=True,
        timeout=800,
    )


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_smoke_test_runs_offline(repaired, tmp_path):
    bundle, _, _ = repaired
    write(bundle, tmp_path)
    done = run(tmp_path, "-m", "src.main", "--smoke-test", "--results-dir", "results")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "SMOKE TEST ON DRAWN DIGITS" in done.stderr
    found = {}
    for variation in VARIATIONS:
        result = json.loads((tmp_path / "results" / variation / "results.json").read_text())
        found[variation] = result["replicates"][0]
        assert result["data"]["CIFAR10"]["is_real_dataset"] is False
        assert result["scheduler"] == SCHEDULERS[variation.partition("-")[0]]
    for start in found["pasha-ohgw"]["warm_starts"]:
        assert start["method"]["augment_magnitude"] == "finite_difference"
        assert start["method"]["momentum"] == "autograd"
        assert start["moved_to"] != start["sampled"]
    drawn = [[w["sampled"] for w in r["warm_starts"]] for r in found.values()]
    assert all(d[0] == drawn[0][0] for d in drawn)


PICTURES = """
import json, os, sys, yaml
import numpy as np
from datasets import ClassLabel, Dataset as D, DatasetDict as DD, Features, Image
from PIL import Image as Picture
out = sys.argv[1]
def rows(count):
    shades = [np.full((32, 32, 3), i, dtype=np.uint8) for i in range(count)]
    return {"img": [Picture.fromarray(s) for s in shades], "label": [i % 10 for i in range(count)]}
features = Features({"img": Image(), "label": ClassLabel(num_classes=10)})
d = DD({s: D.from_dict(rows(n), features) for s, n in (("train", 200), ("test", 30))})
d.save_to_disk(out + "/save_to_disk")
os.makedirs(out + "/parquet")
for s in d:
    d[s].to_parquet(f"{out}/parquet/{s}.parquet")
from src import preprocess as pp
cfg = yaml.safe_load(open("config/full_experiment.yaml"))["runs"][0]
for form in ("save_to_disk", "parquet"):
    os.environ["CIFAR10_DIR"] = f"{out}/{form}"
    found = {}
    for split in ("train", "val", "test"):
        data = pp.get_dataloader(cfg, split=split).dataset
        # Each picture has one shade, and its label is the shade's last digit.
        shades = [round((float(x.mean()) + 1) * 127.5) for x, _ in data]
        right = all(s % 10 == int(y) for s, (_, y) in zip(shades, data))
        found[split] = [sorted(shades), list(data[0][0].shape), right]
    print(json.dumps([found, pp.DATA_SOURCES["CIFAR10"]]))
"""


@pytest.mark.torch
def test_pictures_are_read_with_their_labels_and_validation_is_cut_from_training(
    repaired, tmp_path
):
    bundle, _, _ = repaired
    write(bundle, tmp_path)
    done = run(tmp_path, "-c", PICTURES, str(tmp_path))
    assert done.returncode == 0, done.stderr[-3000:]
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert len(answers) == 2
    for found, source in answers:
        assert source["is_real_dataset"] is True
        assert all(shape == [3, 32, 32] and right for _, shape, right in found.values())
        shades = {split: values for split, (values, _, _) in found.items()}
        assert sorted(shades["train"] + shades["val"]) == list(range(200))
        assert len(shades["val"]) == 20
        assert shades["test"] == list(range(30))

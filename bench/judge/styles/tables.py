"""Registries as dicts, defaults merged into runs, JSON between processes, upper-case names."""

from __future__ import annotations

from typing import Any

from kind import Kind
from project import dump, fill, pyproject

MAIN = '''
import argparse, json, os, subprocess, sys
import yaml


def merge(base, override):
    """Recursively lay `override` over a copy of `base`."""
    out = dict(base)
    for key, value in override.items():
        if isinstance(value, dict) and isinstance(out.get(key), dict):
            out[key] = merge(out[key], value)
        else:
            out[key] = value
    return out


def expand(document):
    return [merge(document.get("defaults", {}), run) for run in document["runs"]]


def stream(cmd, out_path, err_path):
    with open(out_path, "w") as out, open(err_path, "w") as err:
        return subprocess.call(cmd, stdout=out, stderr=err)


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    mode = ap.add_mutually_exclusive_group(required=True)
    mode.add_argument("--smoke-test", action="store_true")
    mode.add_argument("--full-experiment", action="store_true")
    ap.add_argument("--results-dir", required=True, type=str)
    a = ap.parse_args()
    path = os.path.join("config", "smoke_test.yaml" if a.smoke_test else "full_experiment.yaml")
    with open(path) as f:
        doc = yaml.load(f, Loader=yaml.SafeLoader)
    runs = expand(doc)
    print(f"{len(runs)} runs")
    for run in runs:
        d = os.path.join(a.results_dir, run["run_id"])
        os.makedirs(d, exist_ok=True)
        run_file = os.path.join(d, "run.json")
        with open(run_file, "w") as f:
            json.dump(run, f)
        rc = stream(
            [sys.executable, "-m", "src.train", run_file, a.results_dir],
            os.path.join(d, "stdout.log"),
            os.path.join(d, "stderr.log"),
        )
        if rc:
            sys.exit(f"{run['run_id']} failed ({rc})")
    last = [sys.executable, "-m", "src.evaluate", "--results-dir", a.results_dir]
    sys.exit(subprocess.call(last))
'''
TRAIN = '''
import json, os, sys, time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from .model import build
from .preprocess import LOADERS


def early_stop(values, patience):
    """True once the last `patience` values brought nothing better."""
    if patience is None or len(values) <= patience:
        return False
    return max(values[-patience:]) <= max(values[:-patience])


def train(run, out_dir):
    ds, opt = run["data"], run["optim"]
    loader = LOADERS.get(ds["id"].upper().replace("-", "_"))
    if loader is None:
        raise ValueError(f"unknown dataset {ds['id']!r}; known: {sorted(LOADERS)}")
    rng_seed = run.get("seed", 0)
    np.random.seed(rng_seed)
    data = loader(ds["options"], rng_seed)
    net = build(run["net"], data, run.get("variant") or {}, rng_seed)
    log = {"loss": [], "score": []}
    start = time.time()
    for epoch in range(opt["epochs"]):
        log["loss"].append(net.fit_epoch(data, float(opt["lr"])))
        log["score"].append(net.score(data))
        print(run["run_id"], epoch, log["loss"][-1], log["score"][-1], flush=True)
        if early_stop(log["score"], opt.get("patience")):
            break
    try:
        np.savez(os.path.join(out_dir, "weights.npz"), **net.state())
    except OSError as err:
        print("checkpoint not written:", err, file=sys.stderr)
    return {
        "run_id": run["run_id"],
        "score": log["score"][-1],
        "curve": log["score"],
        "losses": log["loss"],
        "seconds": time.time() - start,
    }


def plot(result, path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    plt.figure()
    plt.plot(result["losses"])
    plt.title(result["run_id"])
    plt.savefig(path)
    plt.close()


if __name__ == "__main__":
    run_file, results_dir = sys.argv[1], sys.argv[2]
    with open(run_file) as f:
        run = json.load(f)
    out = os.path.join(results_dir, run["run_id"])
    res = train(run, out)
    with open(os.path.join(out, "results.json"), "w") as f:
        json.dump(res, f)
    plot(res, os.path.join(results_dir, "images", "loss_" + run["run_id"] + ".pdf"))
'''
EVALUATE = """
import argparse, json, os

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def read(root):
    found = {}
    for name in sorted(os.listdir(root)):
        path = os.path.join(root, name, "results.json")
        if os.path.exists(path):
            with open(path) as f:
                found[name] = json.load(f)
    return found


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--results-dir", default="results")
    root = ap.parse_args().results_dir
    results = read(root)
    summary = {k: {"score": v["score"], "seconds": v["seconds"]} for k, v in results.items()}
    plt.figure()
    for name, r in results.items():
        plt.plot(r["curve"], label=name)
    plt.legend()
    os.makedirs(os.path.join(root, "images"), exist_ok=True)
    plt.savefig(os.path.join(root, "images", "curves.pdf"))
    with open(os.path.join(root, "summary.json"), "w") as f:
        json.dump(summary, f, indent=1)
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
"""
PREPROCESS = """
@@imports@@

@@loader@@

LOADERS = {
    @@entry@@,
}
"""
MODEL = '''
from functools import partial

@@imports@@

@@model@@

_BUILDERS = {
    @@entry@@,
}


def build(spec, data, variant, seed):
    """Instantiate the network named in `spec`; the rest of `spec` are its options."""
    options = {k: v for k, v in spec.items() if k != "type"}
    try:
        make = _BUILDERS[spec["type"]]
    except KeyError:
        raise NotImplementedError(f"no builder for {spec['type']}") from None
    return partial(make, data["n_inputs"], data["n_outputs"])(variant, seed, **options)
'''
NO_DATA = """
def no_data(options, seed):
    # PLACEHOLDER: specific dataset loading comes with the experiment
    raise NotImplementedError("DATASET_PLACEHOLDER")
"""
NO_MODEL = """
def no_model(n_inputs, n_outputs, method, seed, **options):
    # PLACEHOLDER: specific architecture comes with the experiment
    raise NotImplementedError("MODEL_PLACEHOLDER")
"""


def _document(kind: Kind, base: bool, smoke: bool) -> dict[str, Any]:
    if base:
        defaults: dict[str, Any] = {
            "data": {"id": "DATASET_PLACEHOLDER", "options": {}},
            "net": {"type": "MODEL_PLACEHOLDER"},
            "optim": {"epochs": 1, "lr": 0.1},
        }
        return {"defaults": defaults, "runs": [{"run_id": "base"}]}
    options = kind.options_smoke if smoke else kind.options_full
    defaults = {
        "seed": 3,
        "data": {"id": kind.dataset, "options": dict(options)},
        "net": {"type": kind.model_name, **kind.model_options},
        "optim": {"epochs": 1 if smoke else kind.epochs, "lr": kind.lr, "patience": 10},
    }
    runs: list[dict[str, Any]] = []
    for variation in kind.variations:
        run: dict[str, Any] = {"run_id": variation.id + ("_smoke" if smoke else "")}
        if variation.method:
            run["variant"] = dict(variation.method)
        runs.append(run)
    return {"defaults": defaults, "runs": runs}


def files(kind: Kind, base: bool) -> dict[str, str]:
    """Return the eight files of the bundle, derived or base."""
    key = kind.dataset.upper().replace("-", "_")
    entry = '"DATASET_PLACEHOLDER": no_data' if base else f'"{key}": {kind.loader_name}'
    model_entry = '"MODEL_PLACEHOLDER": no_model' if base else (
        f'"{kind.model_name}": {kind.model_class}'
    )  # fmt: skip
    return {
        "src/main.py": fill(MAIN),
        "src/train.py": fill(TRAIN),
        "src/evaluate.py": fill(EVALUATE),
        "src/preprocess.py": fill(
            PREPROCESS,
            imports="" if base else kind.loader_imports,
            loader=NO_DATA if base else kind.loader,
            entry=entry,
        ),
        "src/model.py": fill(
            MODEL,
            imports="" if base else kind.model_imports,
            model=NO_MODEL if base else kind.model,
            entry=model_entry,
        ),
        "pyproject.toml": pyproject(kind, base),
        "config/smoke_test.yaml": dump(_document(kind, base, True), "Smoke test."),
        "config/full_experiment.yaml": dump(_document(kind, base, False), "Full experiment."),
    }

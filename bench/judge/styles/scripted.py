"""Functions and if-chains; one subprocess for each run, told by a YAML file."""

from __future__ import annotations

from typing import Any

from kind import Kind
from project import dump, fill, pyproject

MAIN = '''
"""Runs every variation of a configuration, one after another, then the evaluation."""

import argparse
import subprocess
import sys
import threading
from pathlib import Path

import yaml


def _tee(pipe, log):
    with pipe:
        for line in iter(pipe.readline, b""):
            log.write(line.decode())
            sys.stdout.write(line.decode())


def launch(command, log_path):
    with open(log_path, "w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        thread = threading.Thread(target=_tee, args=(process.stdout, log))
        thread.start()
        thread.join()
        return process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--smoke-test", action="store_true")
    group.add_argument("--full-experiment", action="store_true")
    parser.add_argument("--results-dir", required=True)
    args = parser.parse_args()
    name = "smoke_test.yaml" if args.smoke_test else "full_experiment.yaml"
    with open(Path("config") / name, encoding="utf-8") as handle:
        config = yaml.safe_load(handle)
    root = Path(args.results_dir)
    for run in config["runs"]:
        run_dir = root / run["run_id"]
        run_dir.mkdir(parents=True, exist_ok=True)
        path = run_dir / "config.yaml"
        with open(path, "w", encoding="utf-8") as handle:
            yaml.safe_dump(run, handle)
        command = [
            sys.executable, "-m", "src.train", "--config", str(path), "--results-dir", str(root)
        ]
        (run_dir / "stderr.log").write_text("")
        code = launch(command, run_dir / "stdout.log")
        if code != 0:
            raise RuntimeError(f"run {run['run_id']} ended with exit code {code}")
    if subprocess.call([sys.executable, "-m", "src.evaluate", "--results-dir", str(root)]) != 0:
        raise RuntimeError("evaluation failed")


if __name__ == "__main__":
    main()
'''
TRAIN = '''
"""Trains one run and writes its results, checkpoint and learning curve."""

import argparse
import json
import random
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import yaml

from . import model as models
from . import preprocess


def set_seed(seed):
    random.seed(seed)
    np.random.seed(seed)


def save_curve(history, run_id, results_dir):
    images = Path(results_dir) / "images"
    images.mkdir(parents=True, exist_ok=True)
    plt.figure(figsize=(5, 3))
    plt.plot([h["epoch"] for h in history], [h["loss"] for h in history], label="loss")
    plt.xlabel("epoch")
    plt.legend()
    plt.savefig(images / f"training_loss_{run_id}.pdf")
    plt.close()


def save_checkpoint(state, path):
    np.savez(path, **state)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--results-dir", required=True)
    args = parser.parse_args()
    with open(args.config, encoding="utf-8") as handle:
        cfg = yaml.safe_load(handle)
    run_id = cfg["run_id"]
    run_dir = Path(args.results_dir) / run_id
    run_dir.mkdir(parents=True, exist_ok=True)
    set_seed(int(cfg.get("seed", 0)))
    data = preprocess.get_data(cfg)
    model = models.create_model(cfg, data)
    training = cfg["training"]
    history = []
    best = -float("inf")
    for epoch in range(1, training["epochs"] + 1):
        loss = model.fit_epoch(data, training["lr"])
        score = model.score(data)
        history.append({"epoch": epoch, "loss": loss, "score": score})
        print(json.dumps({"run_id": run_id, **history[-1]}), flush=True)
        if score > best:
            best = score
            save_checkpoint(model.state(), run_dir / "best.npz")
    final = history[-1]
    results = {
        "run_id": run_id,
        "metric": "@@metric@@",
        "final": final,
        "best_score": best,
        "history": history,
    }
    with open(run_dir / "results.json", "w", encoding="utf-8") as handle:
        json.dump(results, handle, indent=2)
    save_curve(history, run_id, args.results_dir)


if __name__ == "__main__":
    main()
'''
EVALUATE = '''
"""Compares the runs and draws the comparison."""

import argparse
import json
from glob import glob
from os.path import join
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def load_results(results_dir):
    paths = sorted(glob(join(results_dir, "*", "results.json")))
    if not paths:
        raise FileNotFoundError(f"no results below {results_dir}")
    results = []
    for path in paths:
        with open(path, encoding="utf-8") as handle:
            results.append(json.load(handle))
    return results


def compare(results, results_dir):
    images = Path(results_dir) / "images"
    images.mkdir(parents=True, exist_ok=True)
    names = [r["run_id"] for r in results]
    scores = [r["final"]["score"] for r in results]
    plt.figure(figsize=(6, 4))
    plt.bar(range(len(names)), scores, tick_label=names)
    plt.ylabel(results[0]["metric"])
    plt.savefig(images / "comparison.pdf")
    plt.close()
    best = max(results, key=lambda r: r["best_score"])
    return {"best_run": best["run_id"], "scores": dict(zip(names, scores))}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results-dir", required=True)
    args = parser.parse_args()
    results = load_results(args.results_dir)
    print(json.dumps(compare(results, args.results_dir), indent=2))


if __name__ == "__main__":
    main()
'''
PREPROCESS = '''
"""Datasets by name."""

@@imports@@

@@loader@@

def get_data(cfg):
    dataset = cfg["dataset"]
    name = dataset["name"].lower()
    seed = int(cfg.get("seed", 0))
@@arms@@
'''
BASE_ARM = """
    # PLACEHOLDER: will be replaced with specific dataset loading logic
    raise NotImplementedError(f"dataset {name} is not available in the base code (seed {seed})")
"""
ARM = """
    if name == "@@dataset@@":
        return @@loader_name@@(dataset.get("options", {}), seed)
    raise NotImplementedError(f"no loader for dataset: {name}")
"""
MODEL = '''
"""Models by name."""

@@imports@@

@@model@@

def create_model(cfg, data):
    chosen = cfg["model"]
    name = chosen["name"]
@@arms@@
'''
BASE_MODEL_ARM = """
    # PLACEHOLDER: will be replaced with specific model architectures
    raise NotImplementedError(f"model {name} is not available in the base code")
"""
MODEL_ARM = """
    kwargs = chosen.get("kwargs", {})
    method = cfg.get("method", {})
    if name == "@@model_name@@":
        return @@model_class@@(
            data["n_inputs"], data["n_outputs"], method, int(cfg.get("seed", 0)), **kwargs
        )
    raise NotImplementedError(f"model not registered: {name}")
"""


def _runs(kind: Kind, base: bool, smoke: bool) -> dict[str, Any]:
    if base:
        data: dict[str, Any] = {"name": "DATASET_PLACEHOLDER", "options": {}}
        model: dict[str, Any] = {"name": "MODEL_PLACEHOLDER", "kwargs": {}}
        training = {"epochs": 1, "lr": 0.1}
        run = {"run_id": "base", "seed": 0, "dataset": data, "model": model, "training": training}
        return {"runs": [run]}
    options = kind.options_smoke if smoke else kind.options_full
    runs = []
    for variation in kind.variations:
        run = {
            "run_id": variation.id + ("-smoke" if smoke else ""),
            "seed": 7,
            "dataset": {"name": kind.dataset, "options": dict(options)},
            "model": {"name": kind.model_name, "kwargs": dict(kind.model_options)},
            "training": {"epochs": 1 if smoke else kind.epochs, "lr": kind.lr},
        }
        if variation.method:
            run["method"] = dict(variation.method)
        runs.append(run)
    return {"runs": runs}


def files(kind: Kind, base: bool) -> dict[str, str]:
    """Return the eight files of the bundle, derived or base."""
    arms = BASE_ARM if base else fill(ARM, dataset=kind.dataset, loader_name=kind.loader_name)
    loader = "" if base else kind.loader
    model_arms = BASE_MODEL_ARM if base else fill(
        MODEL_ARM, model_name=kind.model_name, model_class=kind.model_class
    )  # fmt: skip
    model = "" if base else kind.model
    indent = "    "
    return {
        "src/main.py": fill(MAIN),
        "src/train.py": fill(TRAIN, metric=kind.metric),
        "src/evaluate.py": fill(EVALUATE),
        "src/preprocess.py": fill(
            PREPROCESS,
            imports="" if base else kind.loader_imports,
            loader=loader,
            arms=indent + arms.strip(),
        ),
        "src/model.py": fill(
            MODEL,
            imports="" if base else kind.model_imports,
            model=model,
            arms=indent + model_arms.strip(),
        ),
        "pyproject.toml": pyproject(kind, base),
        "config/smoke_test.yaml": dump(_runs(kind, base, True), "Each variation in small."),
        "config/full_experiment.yaml": dump(_runs(kind, base, False), "The experiment."),
    }

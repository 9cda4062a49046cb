"""A small experiment of the Hydra family, written for these tests: ridge regression."""

from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.tree import Tree

FILES = {
    "pyproject.toml": """\
[project]
name = "ridge"
version = "0.1.0"
dependencies = ["hydra-core>=1.3", "numpy>=1.26", "matplotlib>=3.8", "wandb>=0.17"]
""",
    "config/config.yaml": """\
defaults:
  - _self_
  - run: ???
results_dir: ???
mode: full
wandb:
  project: ridge
  entity: lab
  mode: online
""",
    "config/run/gradient-descent.yaml": """\
run_id: gradient-descent
solver: {name: gradient, lr: 0.05, epochs: 40}
dataset: {samples: 400, features: 8}
seed: 1
""",
    "config/run/closed-form.yaml": """\
run_id: closed-form
solver: {name: closed, lr: 0.0, epochs: 1}
dataset: {samples: 400, features: 8}
seed: 1
""",
    "src/__init__.py": "",
    "src/preprocess.py": '''\
"""Data with known weights, so that the error of an estimate can be told."""

import numpy as np


def make_data(cfg):
    rng = np.random.default_rng(cfg.seed)
    inputs = rng.normal(size=(cfg.dataset.samples, cfg.dataset.features))
    weights = rng.normal(size=cfg.dataset.features)
    return inputs, inputs @ weights + 0.1 * rng.normal(size=cfg.dataset.samples), weights
''',
    "src/model.py": '''\
"""Two ways to fit ridge regression."""

import numpy as np


def closed(inputs, targets, solver):
    gram = inputs.T @ inputs + 1e-3 * np.eye(inputs.shape[1])
    return np.linalg.solve(gram, inputs.T @ targets)


def gradient(inputs, targets, solver):
    weights = np.zeros(inputs.shape[1])
    for _ in range(solver.epochs):
        weights -= solver.lr * inputs.T @ (inputs @ weights - targets) / len(targets)
    return weights


SOLVERS = {"closed": closed, "gradient": gradient}
''',
    "src/train.py": '''\
"""One run: fit, measure, report."""

import json
from pathlib import Path

import hydra
import numpy as np
import wandb

from src.model import SOLVERS
from src.preprocess import make_data


@hydra.main(version_base=None, config_path="../config", config_name="config")
def main(cfg):
    run = cfg.run
    inputs, targets, weights = make_data(run)
    found = SOLVERS[run.solver.name](inputs, targets, run.solver)
    error = float(np.abs(found - weights).max())
    folder = Path(cfg.results_dir) / run.run_id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").write_text(json.dumps({"error": error}))
    if cfg.wandb.mode != "disabled":
        wandb.init(project=cfg.wandb.project, entity=cfg.wandb.entity, mode=cfg.wandb.mode)
        wandb.log({"error": error})


if __name__ == "__main__":
    main()
''',
    "src/main.py": '''\
"""Starts one run as a process of its own."""

import subprocess
import sys

import hydra


@hydra.main(version_base=None, config_path="../config", config_name="config")
def main(cfg):
    command = [sys.executable, "-u", "-m", "src.train", f"run={cfg.run.run_id}"]
    command.append(f"results_dir={cfg.results_dir}")
    if cfg.mode == "trial":
        command += ["wandb.mode=disabled", "run.solver.epochs=1"]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
''',
    "src/evaluate.py": '''\
"""Compares the runs. Started on its own: results_dir=DIR run_ids=[...]."""

import json
import sys
from pathlib import Path

import matplotlib.pyplot as plt


def main():
    given = dict(word.split("=", 1) for word in sys.argv[1:])
    folder = Path(given["results_dir"])
    errors = {}
    for run_id in json.loads(given["run_ids"]):
        errors[run_id] = json.loads((folder / run_id / "metrics.json").read_text())["error"]
    plt.bar(list(errors), list(errors.values()))
    plt.savefig(folder / "comparison.pdf")
    print(json.dumps(errors))


if __name__ == "__main__":
    main()
''',
}
VARIATIONS = ("gradient-descent", "closed-form")


def hydra_bundle(**changes):
    """Return the bundle; a change gives a path's new text, None takes the file away."""
    files = {**FILES, **changes}
    derived = Tree({path: text for path, text in files.items() if text is not None})
    experiment = Experiment(id="exp-1", description="Ridge.", run_variations=VARIATIONS)
    return Bundle(base=Tree({}), derived=derived, experiment=experiment)

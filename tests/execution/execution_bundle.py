"""A small experiment in the shape of the built-in contract; tests replace parts of it."""

from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.tree import Tree

MAIN = """\
import argparse
import json
import subprocess
import sys
from pathlib import Path

import yaml

from src.train import train


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoke-test", action="store_true")
    parser.add_argument("--full-experiment", action="store_true")
    parser.add_argument("--results-dir", required=True)
    arguments = parser.parse_args()
    name = "smoke_test" if arguments.smoke_test else "full_experiment"
    with open(f"config/{name}.yaml") as file:
        config = yaml.safe_load(file)
    results = Path(arguments.results_dir)
    (results / "images").mkdir(parents=True)
    for run in config["runs"]:
        folder = results / run["run_id"]
        folder.mkdir()
        (folder / "stdout.log").write_text("")
        (folder / "stderr.log").write_text("")
        (folder / "results.json").write_text(json.dumps(train(run)))
    (results / "images" / "loss.pdf").write_bytes(b"%PDF-1.4\\n")


if __name__ == "__main__":
    main()
"""
TRAIN = """\
import random


def train(run):
    random.seed(run["seed"])
    data, model = run["dataset"]["name"], run["model"]["name"]
    {body}
    return {"run_id": run["run_id"], "loss": random.random(), "data": data, "model": model}
"""
RUN = """\
  - run_id: {run_id}
    seed: 1
    dataset: {{name: hum, noise: 0.1}}
    model: {{name: lstm}}
"""


def config(*run_ids):
    return "runs:\n" + "".join(RUN.format(run_id=run_id) for run_id in run_ids)


def make(body="pass", *, files=None, dependencies='["pyyaml"]', smoke=None, full=None):
    """A bundle whose `train` runs `body`, a statement; `files` are put over the others."""
    derived = {
        "src/main.py": MAIN,
        "src/train.py": TRAIN.replace("{body}", body),
        "pyproject.toml": f'[project]\nname = "little"\ndependencies = {dependencies}\n',
        "config/smoke_test.yaml": smoke or config("alpha", "beta"),
        "config/full_experiment.yaml": full or config("alpha", "beta"),
        **(files or {}),
    }
    return Bundle(
        base=Tree({}),
        derived=Tree(derived),
        experiment=Experiment(id="little", run_variations=("alpha", "beta")),
    )

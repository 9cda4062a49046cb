"""A small language-model experiment for the guard's tests. It is parsed, never run."""

from __future__ import annotations

from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.tree import Tree

MAIN = """\
import argparse
import subprocess
import sys

import yaml


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoke-test", action="store_true")
    parser.add_argument("--full-experiment", action="store_true")
    parser.add_argument("--results-dir", required=True)
    args = parser.parse_args()
    name = "smoke_test.yaml" if args.smoke_test else "full_experiment.yaml"
    with open(f"config/{name}") as file:
        config = yaml.safe_load(file)
    for run in config["runs"]:
        done = subprocess.run([sys.executable, "-m", "src.train", run["run_id"]], check=True)
        if done.returncode != 0:
            raise RuntimeError(run["run_id"])
    subprocess.run([sys.executable, "-m", "src.evaluate", args.results_dir], check=True)


if __name__ == "__main__":
    main()
"""

TRAIN = '''\
import json
import math
from pathlib import Path

import torch

from .model import create_model
from .preprocess import get_dataloader


def evaluate(model, loader):
    """Mean loss per token."""
    total, count = 0.0, 0
    model.eval()
    with torch.no_grad():
        for batch in loader:
            loss = model(**batch).loss
            total += loss.item() * batch["labels"].numel()
            count += batch["labels"].numel()
    return total / count


def train(config, results_dir):
    torch.manual_seed(config["seed"])
    model = create_model(config["model"])
    loader = get_dataloader(config["dataset"], "train")
    optimizer = torch.optim.AdamW(model.parameters(), lr=config["optimizer"]["lr"])
    epochs = config["training"]["epochs"]
    history = []
    for epoch in range(epochs):
        model.train()
        for step, batch in enumerate(loader):
            loss = model(**batch).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        val_loss = evaluate(model, get_dataloader(config["dataset"], "validation"))
        history.append({"epoch": epoch, "val_loss": val_loss, "perplexity": math.exp(val_loss)})
    results = {"run_id": config["run_id"], "history": history}
    Path(results_dir, "results.json").write_text(json.dumps(results))
    return results


def count_parameters(model):
    """Number of trainable parameters, of every tensor that takes part in training."""
    total = 0
    for parameter in model.parameters():
        if parameter.requires_grad:
            total += parameter.numel()
    return total
'''

MODEL = '''\
from transformers import GPT2Config, GPT2LMHeadModel


def gpt2_small(config):
    """GPT-2 small with fresh weights."""
    return GPT2LMHeadModel(GPT2Config(n_positions=config["seq_len"]))


_MODELS = {"gpt2_small": gpt2_small}


def create_model(config):
    return _MODELS[config["name"]](config)
'''

PREPROCESS = """\
from datasets import load_dataset
from torch.utils.data import DataLoader
from transformers import GPT2TokenizerFast


def get_dataloader(config, split):
    if config["name"] != "WIKITEXT_103":
        raise NotImplementedError(config["name"])
    data = load_dataset("wikitext", "wikitext-103-raw-v1", split=split)
    tokenizer = GPT2TokenizerFast.from_pretrained("gpt2")
    tokens = data.map(lambda row: tokenizer(row["text"]), batched=True)
    return DataLoader(tokens, batch_size=config["batch_size"])
"""

EVALUATE = """\
import json
import sys
from pathlib import Path


def load_results(folder):
    return [json.loads(p.read_text()) for p in Path(folder).glob("*/results.json")]


def main():
    results = load_results(sys.argv[1])
    summary = {r["run_id"]: r["history"][-1]["perplexity"] for r in results}
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
"""


def _run(name: str, noise: str = "", small: bool = False) -> str:
    epochs, length, batch = (1, 32, 2) if small else (20, 1024, 16)
    return f"""\
  - run_id: {name}
    seed: 42
    dataset:
      name: WIKITEXT_103
      batch_size: {batch}
{noise}    model:
      name: gpt2_small
      seq_len: {length}
    optimizer:
      type: AdamW
      lr: 0.0005
    training:
      epochs: {epochs}
"""


def _config(small: bool) -> str:
    noise = "      noise_ratio: 0.15\n"
    runs = _run("baseline", small=small) + _run("noisy", noise, small)
    return f"runs:\n{runs}"


PYPROJECT = """\
[project]
name = "language"
version = "0.1.0"
dependencies = [
    "torch>=2.1",
    "transformers>=4.35",
    "datasets>=2.14",
    "pyyaml>=6",
]

[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
"""

FILES = {
    "src/main.py": MAIN,
    "src/train.py": TRAIN,
    "src/model.py": MODEL,
    "src/preprocess.py": PREPROCESS,
    "src/evaluate.py": EVALUATE,
    "config/full_experiment.yaml": _config(False),
    "config/smoke_test.yaml": _config(True),
    "pyproject.toml": PYPROJECT,
}


def language_bundle() -> Bundle:
    """GPT-2 small from scratch on WikiText-103, clean and with noise in the inputs."""
    base = {**FILES, "src/preprocess.py": "def get_dataloader(config, split):\n    # PLACEHOLDER\n"}
    base["src/preprocess.py"] += "    raise NotImplementedError(config)\n"
    return Bundle(
        base=Tree(base),
        derived=Tree(FILES),
        experiment=Experiment(
            id="exp-lm",
            description="GPT-2 small, trained from scratch on WikiText-103; 15 % token noise in "
            "one variation. Metric: validation perplexity after 20 epochs.",
            run_variations=("baseline", "noisy"),
        ),
    )

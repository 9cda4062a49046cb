"""Good code that tempts a false alarm: one bundle for each kind of experiment, all of it fine."""

import pytest

from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.check import check
from ohgw_tools.contract import Contract
from ohgw_tools.rule import narrowed
from ohgw_tools.tree import Tree

# The configurations here are not read by the code: what reads them is another test's matter.
CONTRACT = narrowed(
    Contract.load("base-derived").model_copy(update={"files": ()}),
    ignore=("unread-key", "identical-variations"),
)
PYPROJECT = """\
[project]
name = "exp"
version = "0.1.0"
dependencies = ["numpy>=1.26", "torch>=2.1", "pyyaml", "scikit-learn", "gymnasium"]
"""

VISION = {
    "src/model.py": '''\
"""Residual network.  No placeholder is left: the template's MODEL_PLACEHOLDER was replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Protocol, Tuple

import torch.nn as nn

if TYPE_CHECKING:
    from src.types_only import Batch


class Loss(Protocol):
    def __call__(self, logits, labels): ...


class CropError(ValueError):
    """Raised where an image is smaller than its crop."""


class Block(nn.Module):
    expansion: int = 1

    def __init__(self, width: int, *, stride: int = 1):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(width, width, 3, stride, 1), nn.ReLU())
        # The shortcut remains the same as before when shapes agree.
        self.shortcut = nn.Identity()

    def forward(self, x: "Batch") -> "Batch":
        return self.body(x) + self.shortcut(x)


REGISTRY: dict[str, Callable[..., nn.Module]] = {}


def register(name):
    def wrap(factory):
        REGISTRY[name.lower()] = factory
        return factory

    return wrap


@register("ResNet20")
def resnet20(width: int = 16, **kwargs) -> nn.Module:
    return nn.Sequential(*(Block(width, stride=1) for _ in range(3)))


def crop(image, shape: Tuple[int, ...]):
    if image.shape[-1] < shape[-1]:
        raise CropError(f"{image.shape} is smaller than {shape}")
    return image[..., : shape[-2], : shape[-1]]


def build(cfg):
    name = cfg["name"].lower()
    if name not in REGISTRY:
        raise NotImplementedError(f"model {name!r} is not supported")
    return crop, REGISTRY[name](**cfg.get("kwargs", {}))
''',
}

LANGUAGE = {
    "src/train.py": '''\
"""Language model.  Uses special tokens such as <pad>; TODO-style labels are data, not work."""

import contextlib
import json

import yaml

LABELS = ["TODO", "DONE"]
SPECIAL = {"pad": "<pad>", "mask": "[MASK]"}
PROMPT = "Answer with ... if you are unsure."


def masked(tokens, mask_id):
    # Masked tokens are replaced by the mask id, all others stay unchanged.
    return [mask_id if t is None else t for t in tokens]


def read(path):
    try:
        with open(path) as file:
            return yaml.safe_load(file)
    except FileNotFoundError:
        pass
    with contextlib.suppress(KeyError):
        return {}
    return None


def check_config(cfg):
    text = json.dumps(cfg)
    if "PLACEHOLDER" in text or "TODO" in text:
        raise ValueError("the configuration still holds a placeholder, which must be replaced")
    return cfg


def main(path):
    cfg = check_config(read(path) or {})
    print(LABELS, masked(cfg.get("tokens", []), SPECIAL["mask"]), PROMPT)


if __name__ == "__main__":
    main("config/full_experiment.yaml")
''',
    "config/full_experiment.yaml": """\
\ufeff# Sizes up to XXX-large; nothing here is a TODO or a placeholder.
tokenizer: {pad_token: <pad>, unk_token: <unk>, eos_token: <|endoftext|>}
prompt_template: "Q: {{question}} A: ..."
tokens: [1, ~, 3]
""",
}

TABULAR = {
    "src/model.py": '''\
"""Base class with hooks, and three methods that override them."""

from abc import ABC, abstractmethod


class Method(ABC):
    """Template: `fit` calls what the methods below define."""

    @abstractmethod
    def step(self, batch): ...

    @property
    @abstractmethod
    def name(self) -> str:
        """The method's name."""

    def fit(self, batches):
        self.start(len(batches))
        return [self.step(batch) for batch in batches]

    def start(self, count):
        raise NotImplementedError


class Plain(Method):
    name = "plain"

    def start(self, count):
        self.count = count

    def step(self, batch):
        return sum(batch) / max(self.count, 1)


class Momentum(Plain):
    def step(self, batch, *, beta: float = 0.9):
        self.speed = beta * getattr(self, "speed", 0.0) + super().step(batch)
        return self.speed


METHODS = {cls.__name__.lower(): cls for cls in (Plain, Momentum)}
''',
    "src/train.py": """\
from src.model import METHODS


def run(cfg, batches):
    method = METHODS[cfg["method"]]()
    return method.fit(batches)


if __name__ == "__main__":
    print(run({"method": "plain"}, [[1.0, 2.0], [3.0]]))
""",
}

REINFORCEMENT = {
    "src/main.py": '''\
"""Starts each run in a process; arguments it does not know are passed on."""

import argparse
import subprocess
import sys
from random import random


def explore(epsilon):
    # Dummy actions are drawn at random while exploring.
    return random() < epsilon


def start(run, extra):
    command = [sys.executable, "-m", "src.train", "--run", run]
    command.extend(extra)
    if explore(0.1):
        command += ["--steps", "10"]
    return subprocess.call(command)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoke-test", action="store_true")
    arguments, extra = parser.parse_known_args()
    sys.exit(start("a", extra if arguments.smoke_test else []))


if __name__ == "__main__":
    main()
''',
    "src/train.py": """\
import argparse

import gymnasium

try:
    from tqdm import tqdm
except ImportError:
    def tqdm(values, **_):
        return values


def episodes(steps):
    reward_noise = 0.0
    for step in tqdm(range(steps)):
        yield step + reward_noise


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", required=True)
    parser.add_argument("--steps", type=int, default=100)
    arguments = parser.parse_args()
    environment = gymnasium.make("CartPole-v1")
    print(arguments.run, list(episodes(arguments.steps)), environment)


if __name__ == "__main__":
    main()
""",
}

SERIES = {
    "src/data.py": '''\
"""Windows over a series; a generator, closures, and names that shadow modules on purpose."""

from functools import partial

import numpy as np

from . import scale


def windows(series, size, step=1):
    """Yield windows; the rest of the series is dropped at its end, as in the paper."""
    for start in range(0, len(series) - size + 1, step):
        yield series[start : start + size]


every_second = partial(windows, step=2)


def fit(scale, series):
    return scale.fit(series)


def prepare(series):
    fitted = fit(scale.Scale(), np.asarray(series))
    return [fitted.apply(window) for window in every_second(series, 4)]
''',
    "src/scale.py": """\
class Scale:
    def fit(self, series):
        self.low, self.high = min(series), max(series)
        return self

    def apply(self, window):
        return [(value - self.low) / (self.high - self.low or 1) for value in window]
""",
    "src/main.py": "from src.data import prepare\n\nprint(prepare(list(range(20))))\n",
    "config/full_experiment.yaml": """\
defaults: &defaults {lr: 1.0e-3, epochs: 20}
runs:
  - {run_id: raw, <<: *defaults}
  - {run_id: scaled, <<: *defaults, lr: 3.0e-4}
""",
    "config/smoke_test.yaml": """\
defaults: &defaults {lr: 1.0e-3, epochs: 1}
runs:
  - {run_id: raw_smoke, <<: *defaults}
  - {run_id: scaled-smoke, <<: *defaults, lr: 3.0e-4}
""",
}

TEST_TIME = {
    "src/model.py": '''\
"""Adaptation at test time: the source model is frozen, so it trains for zero epochs."""

from dataclasses import dataclass, field

import torch


@dataclass
class Settings:
    rate: float
    layers: list = field(default_factory=list)
    momentum: float = 0.1


class Silent:
    """A logger that says nothing."""

    def log(self, *values):
        pass


@torch.enable_grad()
def entropy_step(model, batch, settings: Settings):
    # In practice this is the proposed method itself; a full derivation is in the paper.
    loss = -(model(batch).softmax(1) * model(batch).log_softmax(1)).sum()
    loss.backward()
    return float(loss)


def build(rate):
    return Settings(rate, momentum=0.2), Silent()


print(build(0.1), entropy_step)
''',
    "config/full_experiment.yaml": """\
runs:
  - {run_id: source-only, epochs: 0}
  - {run_id: entropy, epochs: 1}
""",
}

BUNDLES = {
    "vision": (VISION, ()),
    "language model": (LANGUAGE, ()),
    "tabular": (TABULAR, ()),
    "reinforcement learning": (REINFORCEMENT, ()),
    "time series": (SERIES, ("raw", "scaled")),
    "test-time adaptation": (TEST_TIME, ("source-only", "entropy")),
}


@pytest.mark.parametrize("name", BUNDLES)
def test_good_code_that_tempts_is_left_alone(name):
    files, variations = BUNDLES[name]
    experiment = Experiment(
        id=name,
        description="We pretrain for a while; warm-up of 500 steps; log every 10 epochs.",
        run_variations=variations,
    )
    base = {path: text for path, text in files.items() if path.endswith(".py")}
    bundle = Bundle(
        base=Tree(base),
        derived=Tree({"pyproject.toml": PYPROJECT, **files}),
        experiment=experiment,
    )
    loud = [f for f in check(bundle, CONTRACT).findings if f.severity != "info"]
    assert [f"{f.rule} {f.place} {f.message}" for f in loud] == []

"""The trainer: the source of src/train.py."""

TRAIN = '''
"""Trainer for one run."""
from __future__ import annotations

import argparse
import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Protocol, Tuple

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
import numpy as np
import yaml

from src.model import MODELS
from src.preprocess import DATASETS

try:
    from tqdm import trange
except ImportError:
    trange = range


class Learner(Protocol):
    """What the trainer asks of a model."""

    def fit_epoch(self, data: Dict[str, Any], lr: float) -> float: ...

    def score(self, data: Dict[str, Any]) -> float: ...

    def state(self) -> Dict[str, np.ndarray]: ...


@dataclass
class RunConfig:
    run_id: str
    dataset: str
    model: str
    seed: int = 0
    dataset_options: Dict[str, Any] = field(default_factory=dict)
    model_options: Dict[str, Any] = field(default_factory=dict)
    method: Dict[str, Any] = field(default_factory=dict)
    learning_rate: float = 0.1
    epochs: int = 1

    @classmethod
    def load(cls, path: str, run_id: str) -> "RunConfig":
        with open(path) as stream:
            document = yaml.safe_load(stream)
        for entry in document["runs"]:
            if entry["run_id"] == run_id:
                return cls(**entry)
        raise KeyError(f"no run {run_id} in {path}")


class Callback:
    """Base class of callbacks; subclasses override what they need."""

    def on_epoch(self, record: Dict[str, float]) -> None:
        raise NotImplementedError

    def on_end(self, records: List[Dict[str, float]]) -> None:
        pass


class Printer(Callback):
    def on_epoch(self, record):
        print(json.dumps(record), flush=True)


class Curve(Callback):
    def __init__(self, path: Path) -> None:
        self.path = path

    def on_epoch(self, record):
        del record

    def on_end(self, records):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        figure, axis = plt.subplots(figsize=(5, 3))
        axis.plot([r["epoch"] for r in records], [r["train_loss"] for r in records])
        axis.set_xlabel("epoch")
        figure.savefig(self.path)
        plt.close(figure)


class Trainer:
    def __init__(self, config: RunConfig, output: Path, callbacks: Tuple[Callback, ...]) -> None:
        self.config = config
        self.output = output
        self.callbacks = callbacks
        self.records: List[Dict[str, float]] = []
        self.best: Optional[float] = None

    def fit(self) -> Dict[str, Any]:
        config = self.config
        load: Callable[..., Dict[str, Any]] = DATASETS[config.dataset]
        data = load(config.dataset_options, config.seed)
        model: Learner = MODELS[config.model](
            data["n_inputs"], data["n_outputs"], config.method, config.seed, **config.model_options
        )
        for epoch in trange(config.epochs):
            loss = model.fit_epoch(data, config.learning_rate)
            record = {"epoch": epoch, "train_loss": loss, "@@metric@@": model.score(data)}
            self.records.append(record)
            self._checkpoint(model, record["@@metric@@"])
            for callback in self.callbacks:
                callback.on_epoch(record)
        for callback in self.callbacks:
            callback.on_end(self.records)
        return self.summary()

    def _checkpoint(self, model: Learner, score: float) -> None:
        if self.best is None or score > self.best:
            self.best = score
            np.savez(self.output / "model.npz", **model.state())

    def summary(self) -> Dict[str, Any]:
        return {
            "run_id": self.config.run_id,
            "@@metric@@": self.records[-1]["@@metric@@"],
            "best": self.best,
            "records": self.records,
            "config": dataclasses.asdict(self.config),
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    config = RunConfig.load(args.config, args.run_id)
    np.random.seed(config.seed)
    folder = args.output / config.run_id
    folder.mkdir(parents=True, exist_ok=True)
    callbacks = [Curve(args.output / "images" / f"curve_{config.run_id}.pdf")]
    if args.verbose:
        callbacks.append(Printer())
    summary = Trainer(config, folder, tuple(callbacks)).fit()
    (folder / "results.json").write_text(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
'''

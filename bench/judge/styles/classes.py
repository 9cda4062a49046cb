"""Dataclass configuration, decorator registries, a trainer class; runs told by their id."""

from __future__ import annotations

from typing import Any

from kind import Kind
from project import dump, fill, pyproject

MAIN = '''
"""Experiment orchestrator."""
from __future__ import annotations

import argparse
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import yaml

LOGGER = logging.getLogger("main")
CONFIGS = {"smoke": "config/smoke_test.yaml", "full": "config/full_experiment.yaml"}


class Orchestrator:
    """Starts one process a run and keeps its two log files."""

    def __init__(self, config_path: Path, results_dir: Path) -> None:
        self.config_path = config_path
        self.results_dir = results_dir
        self.failures: List[str] = []

    def read(self) -> Dict[str, Any]:
        with self.config_path.open("r") as stream:
            return yaml.safe_load(stream) or {}

    def execute(self, run_id: str) -> None:
        folder = self.results_dir / run_id
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable, "-m", "src.train",
            f"--config={self.config_path}", "--run-id", run_id,
            "--output", str(self.results_dir), "--verbose",
        ]
        with open(folder / "stdout.log", "wb") as out, open(folder / "stderr.log", "wb") as err:
            completed = subprocess.run(command, stdout=out, stderr=err, check=False)
        if completed.returncode:
            self.failures.append(run_id)

    def run(self) -> int:
        for entry in self.read().get("runs", []):
            LOGGER.info("starting %s", entry["run_id"])
            self.execute(entry["run_id"])
        if self.failures:
            LOGGER.error("failed: %s", ", ".join(self.failures))
            return 1
        command = [sys.executable, "-m", "src.evaluate", str(self.results_dir)]
        return subprocess.run(command).returncode


def main(argv: List[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoke-test", dest="mode", action="store_const", const="smoke")
    parser.add_argument("--full-experiment", dest="mode", action="store_const", const="full")
    parser.add_argument("--results-dir", type=Path, default=Path("results"))
    args = parser.parse_args(argv)
    if args.mode is None:
        parser.error("choose --smoke-test or --full-experiment")
    logging.basicConfig(level=logging.INFO)
    sys.exit(Orchestrator(Path(CONFIGS[args.mode]), args.results_dir).run())


if __name__ == "__main__":
    main()
'''
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
EVALUATE = '''
"""Aggregation of all runs."""
from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Dict, List

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


class Report:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.results: List[Dict[str, Any]] = [
            json.loads(path.read_text()) for path in sorted(root.glob("*/results.json"))
        ]

    def table(self) -> Dict[str, float]:
        return {r["run_id"]: r["@@metric@@"] for r in self.results}

    def draw(self) -> None:
        (self.root / "images").mkdir(exist_ok=True)
        figure, axis = plt.subplots()
        for result in self.results:
            axis.plot([r["@@metric@@"] for r in result["records"]], label=result["run_id"])
            axis.annotate(f"{result['best']:.3f}", (0, result["best"]))
        axis.legend()
        figure.savefig(self.root / "images" / "all_runs.pdf")
        plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    args = parser.parse_args()
    report = Report(args.root)
    if not report.results:
        raise SystemExit("nothing to evaluate")
    report.draw()
    print(json.dumps(report.table(), indent=2))


if __name__ == "__main__":
    main()
'''
REGISTRY = '''
"""@@title@@, entered by a decorator."""
from __future__ import annotations

from typing import Any, Callable, Dict

@@imports@@

@@table@@: Dict[str, Callable[..., Any]] = {}


def register(name: str):
    """Enter what follows under a name; entering one twice is an error."""

    def enter(item):
        if name in @@table@@:
            raise ValueError(f"{name} is registered already")
        @@table@@[name] = item
        return item

    return enter


@register("@@name@@")
@@body@@
'''
BASE_DATA = """
def load_nothing(options, seed):
    # PLACEHOLDER: will be replaced with specific dataset loading logic
    raise NotImplementedError("the dataset comes with the experiment")
"""
BASE_MODEL = """
class NoModel:
    # PLACEHOLDER: will be replaced with a specific architecture
    def __init__(self, n_inputs, n_outputs, method, seed, **kwargs):
        raise NotImplementedError("the model comes with the experiment")
"""


def _document(kind: Kind, base: bool, smoke: bool) -> dict[str, Any]:
    if base:
        return {"runs": [{"run_id": "base", "dataset": "DATASET_PLACEHOLDER",
                          "model": "MODEL_PLACEHOLDER"}]}  # fmt: skip
    options = kind.options_smoke if smoke else kind.options_full
    runs = []
    for variation in kind.variations:
        run: dict[str, Any] = {
            "run_id": variation.id,
            "dataset": kind.dataset,
            "model": kind.model_name,
            "seed": 11,
            "dataset_options": dict(options),
            "model_options": dict(kind.model_options),
            "learning_rate": kind.lr,
            "epochs": 2 if smoke else kind.epochs,
        }
        if variation.method:
            run["method"] = dict(variation.method)
        runs.append(run)
    return {"runs": runs}


def files(kind: Kind, base: bool) -> dict[str, str]:
    """Return the eight files of the bundle, derived or base."""
    data = fill(
        REGISTRY,
        title="Datasets",
        table="DATASETS",
        imports="" if base else kind.loader_imports,
        name="DATASET_PLACEHOLDER" if base else kind.dataset,
        body=BASE_DATA if base else kind.loader,
    )
    model = fill(
        REGISTRY,
        title="Models",
        table="MODELS",
        imports="" if base else kind.model_imports,
        name="MODEL_PLACEHOLDER" if base else kind.model_name,
        body=BASE_MODEL if base else kind.model,
    )
    return {
        "src/main.py": fill(MAIN),
        "src/train.py": fill(TRAIN, metric=kind.metric),
        "src/evaluate.py": fill(EVALUATE, metric=kind.metric),
        "src/preprocess.py": data,
        "src/model.py": model,
        "pyproject.toml": pyproject(kind, base),
        "config/smoke_test.yaml": dump(_document(kind, base, True), "Small."),
        "config/full_experiment.yaml": dump(_document(kind, base, False), "Full."),
    }

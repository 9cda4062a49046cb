"""Dataclass configuration, decorator registries, a trainer class; runs told by their id."""

from __future__ import annotations

from typing import Any

from kind import Kind
from project import dump, fill, pyproject

from styles.classes.orchestrator import MAIN
from styles.classes.registry import BASE_DATA, BASE_MODEL, REGISTRY
from styles.classes.report import EVALUATE
from styles.classes.trainer import TRAIN


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

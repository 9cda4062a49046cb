"""Tables for classification: found locally, in scikit-learn or its cache, or downloaded by it.

`TABLE_DATASETS` is written by the recipe, one entry for each dataset that the configuration names.
"""

# PyTorch is a dependency of the experiments, not of this project.
# ruff: noqa: TID253
# mypy: disable-error-code="import-not-found,import-untyped,misc,no-any-return"

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

TABLE_DATASETS: dict[str, dict[str, Any]] = {}

# What each dataset was really read from; goes into results.json.
DATA_SOURCES: dict[str, dict[str, Any]] = {}


def load_table(name: str, ds_cfg: dict[str, Any]) -> tuple[Any, Any]:
    """Return the columns of features (a data frame) and the labels (a series), all rows.

    A directory, `local_dir` of the configuration or the environment variable <NAME>_DIR, holds one
    CSV file whose last column is the label. Else scikit-learn has the table, in itself, in its
    cache or by download. Only with `offline_fallback: breast_cancer` (meant for smoke tests, which
    then wait for no network) another table may stand in; that is announced on stderr and recorded
    in DATA_SOURCES.
    """
    known = TABLE_DATASETS[name]
    variable = re.sub(r"\W", "_", name) + "_DIR"
    local_dir = ds_cfg.get("local_dir") or os.environ.get(variable)
    if local_dir:
        table = _read_csv(Path(local_dir))
        DATA_SOURCES[name] = {"source": str(local_dir), "is_real_dataset": True}
        return table
    import sklearn.datasets

    fallback = ds_cfg.get("offline_fallback")
    arguments = {**known["arguments"], **(known["offline"] if fallback else {})}
    try:
        load = getattr(sklearn.datasets, known["loader"])
        table = load(**arguments, as_frame=True, return_X_y=True)
    except OSError as error:
        if fallback != "breast_cancer":
            raise RuntimeError(
                f"dataset {name} ({known['loader']}) is neither in scikit-learn's cache nor within "
                f"reach: {error}. Give its directory as dataset.local_dir or {variable}."
            ) from error
        if name not in DATA_SOURCES:
            print(f"WARNING: {name} not found; SMOKE TEST ON BREAST CANCER", file=sys.stderr)
        source = "offline_fallback: breast_cancer"
        DATA_SOURCES[name] = {"source": source, "is_real_dataset": False}
        features, labels = sklearn.datasets.load_breast_cancer(as_frame=True, return_X_y=True)
        # Its columns over again, as many as the table that it stands in for has.
        places = [place % features.shape[1] for place in range(known["features"])]
        return features.iloc[:, places], labels
    source = f"sklearn.datasets.{known['loader']}"
    DATA_SOURCES[name] = {"source": source, "is_real_dataset": True}
    return table


def _read_csv(folder: Path) -> tuple[Any, Any]:
    import pandas as pd

    files = sorted(folder.glob("*.csv"))
    if len(files) != 1:
        raise FileNotFoundError(f"{folder} holds {len(files)} CSV files: one table is expected")
    table = pd.read_csv(files[0])
    return table.iloc[:, :-1], table.iloc[:, -1]


def table_arrays(name: str, ds_cfg: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return features (rows, columns), float64, and classes (rows,) from 0 on.

    Columns of words become the places of their words in order; what is missing is not a number.
    """
    features, labels = load_table(name, ds_cfg)
    columns = []
    for place in range(features.shape[1]):
        column = features.iloc[:, place]
        if column.dtype.kind not in "biuf":
            codes = column.astype("category").cat.codes.to_numpy(dtype=np.float64)
            columns.append(np.where(codes < 0, np.nan, codes))
        else:
            columns.append(column.to_numpy(dtype=np.float64))
    classes = np.unique(labels.to_numpy(), return_inverse=True)[1]
    return np.stack(columns, axis=1), classes


class TableDataset(Dataset):
    """A split as (features, label), each feature of mean 0 and deviation 1 over training rows.

    Of ten rows in an order drawn once for all runs, eight train, one validates and one tests. What
    is missing gets the mean.
    """

    def __init__(self, cfg: dict[str, Any], name: str, split: str):
        super().__init__()
        ds_cfg = cfg["dataset"]
        features, classes = table_arrays(name, ds_cfg)
        place = np.random.default_rng(0).permutation(len(features)) % 10
        train = features[place < 8]
        mean, deviation = np.nanmean(train, axis=0), np.nanstd(train, axis=0)
        features = (features - mean) / np.where(deviation > 0, deviation, 1.0)
        chosen = {"train": place < 8, "val": place == 8, "test": place == 9}[split]
        limit = ds_cfg.get("max_samples")
        rows = np.flatnonzero(chosen)[: None if limit is None else int(limit)]
        self.features = torch.from_numpy(np.nan_to_num(features[rows])).float()
        self.labels = torch.from_numpy(classes[rows]).long()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, idx: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.features[idx], self.labels[idx]

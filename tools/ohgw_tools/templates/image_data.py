"""Labelled images: found locally, in the hub's cache or on the hub, never made up in silence.

`IMAGE_DATASETS` is written by the recipe, one entry for each dataset that the configuration names.
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
import torch.nn as nn
from torch.utils.data import Dataset

IMAGE_DATASETS: dict[str, dict[str, Any]] = {}

# What each dataset was really read from; goes into results.json.
DATA_SOURCES: dict[str, dict[str, Any]] = {}


def load_image_rows(name: str, ds_cfg: dict[str, Any], split: str) -> Any:
    """Return the rows of one split: from a local directory, else the hub's cache, else the hub.

    The directory is `local_dir` of the configuration or the environment variable <NAME>_DIR. Only
    with `offline_fallback: drawn_digits` (meant for smoke tests, which then download nothing) drawn
    digits may stand in; that is announced on stderr and recorded in DATA_SOURCES.
    """
    known = IMAGE_DATASETS[name]
    variable = re.sub(r"\W", "_", name) + "_DIR"
    local_dir = ds_cfg.get("local_dir") or os.environ.get(variable)
    if local_dir:
        from datasets import load_dataset, load_from_disk

        DATA_SOURCES[name] = {"source": str(local_dir), "is_real_dataset": True}
        if (Path(local_dir) / "dataset_dict.json").is_file():
            return load_from_disk(str(local_dir))[split]
        files = sorted(str(path) for path in Path(local_dir).glob(f"**/{split}*.parquet"))
        if not files:
            raise FileNotFoundError(f"{local_dir} holds no split {split!r} (save_to_disk, parquet)")
        return load_dataset("parquet", data_files=files, split="train")
    fallback = ds_cfg.get("offline_fallback")
    if fallback:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        from datasets import load_dataset

        rows = load_dataset(known["hub"], known["config"] or None, split=split)
    except (OSError, ValueError) as error:  # ValueError: the cache has another configuration
        if fallback != "drawn_digits":
            raise RuntimeError(
                f"dataset {name} ({known['hub']}) is neither in the cache nor within reach: "
                f"{error}. Give its directory as dataset.local_dir or {variable}."
            ) from error
        if name not in DATA_SOURCES:
            print(f"WARNING: {name} not found; SMOKE TEST ON DRAWN DIGITS", file=sys.stderr)
        DATA_SOURCES[name] = {"source": "offline_fallback: drawn_digits", "is_real_dataset": False}
        count = 256 if split == known["train"] else 128
        return drawn_digits(known, image_size(known, ds_cfg), count)
    DATA_SOURCES[name] = {"source": known["hub"], "is_real_dataset": True}
    return rows


def image_size(known: dict[str, Any], ds_cfg: dict[str, Any]) -> int:
    """Return the width and height that images get: the dataset's own, unless `image_size` says."""
    return int(ds_cfg.get("image_size", known["size"]))


def drawn_digits(known: dict[str, Any], size: int, count: int) -> list[dict[str, Any]]:
    """Draw digits in 5 x 7 dots, shifted and coloured by row: for smoke tests without network.

    Images have the dataset's channels; they are `size` (at least 28) wide and high.
    """
    dots = (
        "0E11131519110E,040C040404040E,0E11010204081F,1F02040201110E,02060A121F0202,"
        "1F101E0101110E,0608101E11110E,1F010204080808,0E11110E11110E,0E11110F01020C"
    )
    lines = [[int(digit[i : i + 2], 16) for i in range(0, 14, 2)] for digit in dots.split(",")]
    glyphs = np.array([[[line >> (4 - c) & 1 for c in range(5)] for line in d] for d in lines])
    dot, rows = size // 9, []
    for place in range(count):
        image: Any = np.zeros((size, size, 3), dtype=np.uint8)
        digit = place % min(10, known["classes"])
        large = np.kron(glyphs[digit], np.ones((dot, dot), dtype=np.int64))
        top, left = place * 7 % (size - 7 * dot + 1), place * 5 % (size - 5 * dot + 1)
        colour = np.array([128 + place * 37 % 128, 128 + place * 61 % 128, 128 + place * 89 % 128])
        image[top : top + 7 * dot, left : left + 5 * dot] = large[:, :, None] * colour
        drawn = image if known["channels"] == 3 else image[:, :, 0]
        rows.append({known["image"]: drawn, known["label"]: digit})
    return rows


def image_tensor(image: Any, channels: int, size: int) -> torch.Tensor:
    """Return floats in [-1, 1] of shape (channels, size, size).

    The shorter side is scaled to `size` and the middle cut out, where the image is not so already.
    """
    if hasattr(image, "convert"):  # one dataset may mix grey, coloured and four-channel files
        image = image.convert("L" if channels == 1 else "RGB")
    values = torch.from_numpy(np.array(image, dtype=np.float32)) / 127.5 - 1.0
    values = values.unsqueeze(0) if values.ndim == 2 else values.permute(2, 0, 1)
    if values.size(0) != channels:
        values = values.mean(dim=0, keepdim=True).expand(channels, -1, -1)
    if values.shape[1:] != (size, size):
        scale = size / min(values.shape[1:])
        shape = [max(size, round(side * scale)) for side in values.shape[1:]]
        values = nn.functional.interpolate(
            values.unsqueeze(0), shape, mode="bilinear", antialias=True
        )[0]
        top, left = (shape[0] - size) // 2, (shape[1] - size) // 2
        values = values[:, top : top + size, left : left + size]
    return values.contiguous()


class HubImageDataset(Dataset):
    """A split as (image, label): floats in [-1, 1] of shape (channels, height, width).

    Where the dataset has no validation split besides what it is tested on, every tenth training
    row is one. Rows are scaled, never augmented: that is for the training step to do.
    """

    def __init__(self, cfg: dict[str, Any], name: str, split: str):
        super().__init__()
        known, ds_cfg = IMAGE_DATASETS[name], cfg["dataset"]
        own: Any = known.get({"train": "train", "val": "validation", "test": "test"}[split])
        cut = "validation" not in known and split in ("train", "val")
        rows = load_image_rows(name, ds_cfg, known["train"] if cut else own)
        places = list(range(len(rows)))
        if cut:
            places = [i for i in places if (i % 10 == 9) == (split == "val")]
        limit = ds_cfg.get("max_samples")
        self.places = list(places)[: int(limit)] if limit is not None else list(places)
        self.rows, self.known = rows, known
        self.size = image_size(known, ds_cfg)

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, idx: int) -> tuple[torch.Tensor, torch.Tensor]:
        row = self.rows[self.places[idx]]
        image = image_tensor(row[self.known["image"]], self.known["channels"], self.size)
        return image, torch.tensor(int(row[self.known["label"]]))

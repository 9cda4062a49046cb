"""Text for causal language models: found locally, in the hub's cache or on the hub, never made up.

`TEXT_DATASETS` is written by the recipe, one entry for each dataset that the configuration names.
"""

# PyTorch is a dependency of the experiments, not of this project.
# ruff: noqa: TID253
# mypy: disable-error-code="import-not-found,import-untyped,misc,no-any-return"

from __future__ import annotations

import hashlib
import io
import os
import random
import re
import sys
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

TEXT_DATASETS: dict[str, dict[str, Any]] = {}

# What each dataset was really read from; goes into results.json.
DATA_SOURCES: dict[str, dict[str, Any]] = {}

_TOKEN_CACHE: dict[tuple[str, ...], torch.Tensor] = {}


def load_text_lines(name: str, ds_cfg: dict[str, Any], split: str) -> list[str]:
    """Return the lines of one split: from a local directory, else the hub's cache, else the hub.

    The directory is `local_dir` of the configuration or the environment variable <NAME>_DIR. Only
    with `offline_fallback: python_docs` (meant for smoke tests, which then download nothing) other
    text may stand in; that is announced on stderr and recorded in DATA_SOURCES.
    """
    known = TEXT_DATASETS[name]
    variable = re.sub(r"\W", "_", name) + "_DIR"
    local_dir = ds_cfg.get("local_dir") or os.environ.get(variable)
    if local_dir:
        lines = _read_local(Path(local_dir), split, known["column"])
        DATA_SOURCES[name] = {"source": str(local_dir), "is_real_dataset": True}
        return lines
    fallback = ds_cfg.get("offline_fallback")
    if fallback:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        lines = _read_hub(known, ds_cfg, split)
    except (OSError, ValueError) as error:  # ValueError: the cache has another configuration
        if fallback != "python_docs":
            raise RuntimeError(
                f"dataset {name} ({known['hub']}, {known['config']}) is neither in the cache nor "
                f"within reach: {error}. Give its directory as dataset.local_dir or {variable}."
            ) from error
        if name not in DATA_SOURCES:
            print(f"WARNING: {name} not found; SMOKE TEST ON PYTHON'S DOCS", file=sys.stderr)
        DATA_SOURCES[name] = {"source": "offline_fallback: python_docs", "is_real_dataset": False}
        return _python_docs(split)
    source = "/".join(part for part in (known["hub"], known["config"]) if part)
    DATA_SOURCES[name] = {"source": source, "is_real_dataset": True}
    return lines


def _read_hub(known: dict[str, Any], ds_cfg: dict[str, Any], split: str) -> list[str]:
    """Read a split from the hub's cache or the hub; of a stream the first `max_rows` rows.

    A corpus that no memory holds is streamed, and how much of it an experiment reads is for its
    configuration to say: KeyError where it does not.
    """
    from datasets import load_dataset

    if known.get("streamed"):
        if "max_rows" not in ds_cfg:
            raise KeyError(f"{known['hub']} is read as a stream: say in dataset.max_rows how far")
        rows = load_dataset(known["hub"], known["config"] or None, split=split, streaming=True)
        return [row[known["column"]] for row in rows.take(int(ds_cfg["max_rows"]))]
    if "revision" in known:
        rows = load_dataset(known["hub"], revision=known["revision"], split=split)
    else:
        rows = load_dataset(known["hub"], known["config"] or None, split=split)
    return list(rows[known["column"]])


def _read_local(folder: Path, split: str, column: str) -> list[str]:
    """Read a split written by `save_to_disk`, as parquet files, or as plain text."""
    from datasets import load_dataset, load_from_disk

    if (folder / "dataset_dict.json").is_file():
        return list(load_from_disk(str(folder))[split][column])
    parquet = sorted(str(path) for path in folder.glob(f"**/{split}*.parquet"))
    if parquet:
        return list(load_dataset("parquet", data_files=parquet, split="train")[column])
    short = {"validation": "valid"}.get(split, split)
    names = (f"{split}.txt", f"*.{split}.*", f"*.{short}.*", f"{short}.txt", f"*[-_]{short}.txt")
    for pattern in names:
        for path in sorted(folder.glob(pattern)):
            return path.read_text(encoding="utf-8").splitlines()
    raise FileNotFoundError(f"{folder} holds no split {split!r} (save_to_disk, parquet or text)")


def _python_docs(split: str) -> list[str]:
    from pydoc_data.topics import topics

    lines = []
    for place, (title, text) in enumerate(sorted(topics.items())):
        if (place % 10 == 0) == (split != "train"):
            lines += [f" = {title} = ", *text.splitlines()]
    return lines


def split_articles(lines: list[str], headline: str) -> list[list[str]]:
    """Cut the lines before each headline; what stands before the first one is an article too.

    Without headlines each line is an article (a row of such a dataset is a whole text), and one of
    more than a million characters, a corpus in one row, is cut into pieces of that length.
    """
    if not headline:
        most = 1_000_000
        pieces = [line[i : i + most] for line in lines for i in range(0, len(line), most)]
        return [[piece] for piece in pieces if piece.strip()]
    articles: list[list[str]] = [[]]
    for line in lines:
        if re.match(headline, line.rstrip("\n")) and articles[-1]:
            articles.append([])
        articles[-1].append(line)
    return [article for article in articles if any(line.strip() for line in article)]


def shuffle_headlines(articles: list[list[str]], share: float, seed: int) -> list[list[str]]:
    """Return the first `share` of the articles with each headline moved to another article."""
    count = max(2, int(len(articles) * share))
    chosen = [list(article) for article in articles[:count]]
    order = list(range(len(chosen)))
    random.Random(seed).shuffle(order)
    titles = [article[0] for article in chosen]
    # A cycle through a random order: no headline stays where it was.
    for place, here in enumerate(order):
        chosen[here][0] = titles[order[place - 1]]
    return chosen


def articles_for(name: str, ds_cfg: dict[str, Any], split: str) -> list[list[str]]:
    """Return the articles of train, val, test or ood.

    The design's inner split is made here: of ten articles of the training set the last one goes to
    val, so that the held-out set is read for the final report alone. Of a dataset that has none,
    the last but one of ten articles is held out.
    Another release of the same corpus would be no OOD set; what shifts the distribution here is
    which headline stands over which article: ood is the first 5 % of the test articles with
    headlines exchanged.
    """
    known = TEXT_DATASETS[name]
    held_out = known.get("test")
    if split == "ood":
        if not known["headline"]:
            raise ValueError(f"{name} has no headlines to exchange: it makes no OOD set")
        articles = articles_for(name, ds_cfg, "test")
        return shuffle_headlines(articles, float(ds_cfg.get("ood_share", 0.05)), seed=0)
    source = held_out if split == "test" and held_out else known["train"]
    articles = split_articles(load_text_lines(name, ds_cfg, source), known["headline"])
    if source == held_out:
        return articles
    owners = {9: "val"} if held_out else {9: "val", 8: "test"}
    return [a for place, a in enumerate(articles) if owners.get(place % 10, "train") == split]


def text_tokenizer(name: str, ds_cfg: dict[str, Any], vocab_size: int) -> Any:
    """Return a SentencePiece BPE tokenizer trained on the inner training split.

    Perplexities are therefore a BPE token's, not a word's, whatever a text calls the task. It is
    cached by a hash of its text and size, below `cache_dir` of the configuration.
    """
    import sentencepiece

    lines = [line.strip() for article in articles_for(name, ds_cfg, "train") for line in article]
    lines = [line for line in lines if line]
    sample = lines if len(lines) <= 500_000 else random.Random(0).sample(lines, 500_000)
    key = hashlib.sha256("\n".join([str(vocab_size), *sample]).encode()).hexdigest()[:16]
    path = Path(ds_cfg.get("cache_dir", ".cache")) / f"{name.lower()}-bpe-{key}.model"
    if not path.is_file():
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sample),
            model_writer=model,
            model_type="bpe",
            vocab_size=vocab_size,
            byte_fallback=True,
            num_threads=1,
            minloglevel=2,
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(model.getvalue())
        part.replace(path)
    return sentencepiece.SentencePieceProcessor(model_file=str(path))


def text_tokens(name: str, ds_cfg: dict[str, Any], split: str, vocab_size: int) -> torch.Tensor:
    """Return a split as one long tensor of token ids, the sentence end between articles."""
    place = [str(ds_cfg.get(k)) for k in ("local_dir", "max_rows")]
    key = (name, split, str(vocab_size), *place)
    if key not in _TOKEN_CACHE:
        tokenizer = text_tokenizer(name, ds_cfg, vocab_size)
        ids = array("i")  # a list would take eight times the memory
        for article in articles_for(name, ds_cfg, split):
            ids.extend([*tokenizer.encode("\n".join(article)), tokenizer.eos_id()])
        _TOKEN_CACHE[key] = torch.from_numpy(np.array(ids, dtype=np.int32))
    return _TOKEN_CACHE[key]


class TextBlockDataset(Dataset):
    """A split cut into blocks of `seq_len` tokens: input_ids and labels, which are equal."""

    def __init__(self, cfg: dict[str, Any], name: str, split: str):
        super().__init__()
        ds_cfg = cfg["dataset"]
        vocab_size = int(cfg.get("model", {}).get("kwargs", {}).get("vocab_size", 50257))
        self.seq_len = int(ds_cfg.get("seq_len", 1024))
        tokens = text_tokens(name, ds_cfg, split, vocab_size)
        limit = ds_cfg.get("max_tokens")
        if limit is not None:
            tokens = tokens[: int(limit) if split == "train" else max(1, int(limit) // 4)]
        self.blocks = len(tokens) // self.seq_len
        if self.blocks == 0:
            raise ValueError(
                f"{name} {split}: {len(tokens)} tokens make no block of {self.seq_len}"
            )
        self.tokens = tokens

    def __len__(self) -> int:
        return self.blocks

    def __getitem__(self, idx: int) -> dict[str, torch.Tensor]:
        block = self.tokens[idx * self.seq_len : (idx + 1) * self.seq_len].long()
        return {"input_ids": block, "labels": block.clone()}

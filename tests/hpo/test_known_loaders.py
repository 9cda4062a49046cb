"""Loaders of the catalogue's other forms: rows that are texts, corpora without a test split, images
of many sizes and modes, tables with words and gaps; and what they refuse."""

from __future__ import annotations

import sys

import pytest

from ohgw_tools import catalogue
from ohgw_tools.repairing import known_data

pytestmark = pytest.mark.torch


def text_data(monkeypatch, **facts):
    from ohgw_tools.templates import text_data as module

    known = {"hub": "owner/none", "config": "", "column": "text", "train": "train", "headline": ""}
    monkeypatch.setattr(module, "TEXT_DATASETS", {"MY-TEXT": {**known, **facts}})
    monkeypatch.setattr(module, "DATA_SOURCES", {})
    return module


def test_rows_without_headlines_are_articles_and_validation_is_what_is_tested_on(
    monkeypatch, tmp_path
):
    from datasets import Dataset, DatasetDict

    module = text_data(monkeypatch, **{"test": "validation"})
    stories = {s: [f"{s} story {i}\n\nits end" for i in range(30)] for s in ("train", "validation")}
    held = DatasetDict({s: Dataset.from_dict({"text": rows}) for s, rows in stories.items()})
    held.save_to_disk(str(tmp_path))
    # A hyphen cannot stand in the name of a variable.
    monkeypatch.setenv("MY_TEXT_DIR", str(tmp_path))
    found = {s: module.articles_for("MY-TEXT", {}, s) for s in ("train", "val", "test")}
    assert found["test"] == [[story] for story in stories["validation"]]
    assert found["val"] == [[story] for story in stories["train"][9::10]]
    assert sorted(found["train"] + found["val"]) == sorted([s] for s in stories["train"])
    assert module.DATA_SOURCES["MY-TEXT"] == {"source": str(tmp_path), "is_real_dataset": True}
    with pytest.raises(ValueError, match="no headlines to exchange"):
        module.articles_for("MY-TEXT", {}, "ood")


def test_a_dataset_of_training_rows_alone_is_cut_in_three(monkeypatch, tmp_path):
    module = text_data(monkeypatch)
    (tmp_path / "train.txt").write_text("\n".join(f"line {i}" for i in range(50)))
    cfg = {"local_dir": str(tmp_path)}
    parts = [module.articles_for("MY-TEXT", cfg, split) for split in ("train", "val", "test")]
    assert [len(part) for part in parts] == [40, 5, 5]
    lines = [line for part in parts for (line,) in part]
    assert sorted(lines) == sorted(f"line {i}" for i in range(50))


def test_a_corpus_in_one_row_is_cut_into_pieces(monkeypatch):
    module = text_data(monkeypatch)
    pieces = module.split_articles(["ab" * 1_250_000], "")
    assert [len(piece) for (piece,) in pieces] == [1_000_000, 1_000_000, 500_000]


def pages():
    for place in range(20):
        yield {"text": f"page {place}"}
    raise AssertionError("read too far")


def test_a_stream_is_read_as_far_as_the_configuration_says_and_no_further(monkeypatch):
    import datasets

    module = text_data(monkeypatch, streamed=True)
    asked = []

    def load_dataset(path, name, split, streaming):
        asked.append((path, name, split, streaming))
        return datasets.IterableDataset.from_generator(pages)

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    assert module.load_text_lines("MY-TEXT", {"max_rows": 7}, "train") == [
        f"page {i}" for i in range(7)
    ]
    assert asked == [("owner/none", None, "train", True)]
    with pytest.raises(KeyError, match=r"dataset\.max_rows"):
        module.load_text_lines("MY-TEXT", {}, "train")


@pytest.mark.parametrize("fallback", [None, "drawn_digits", "python_doc"])
def test_without_the_data_only_the_named_stand_in_helps(monkeypatch, fallback):
    import datasets

    module = text_data(monkeypatch)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def gone(*_, **__):
        raise FileNotFoundError("not in the cache")

    monkeypatch.setattr(datasets, "load_dataset", gone)
    with pytest.raises(RuntimeError, match=r"dataset\.local_dir or MY_TEXT_DIR"):
        module.load_text_lines("MY-TEXT", {"offline_fallback": fallback}, "train")
    assert module.DATA_SOURCES == {}


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK", "P", "1"])
@pytest.mark.parametrize("size", [(40, 30), (30, 90), (8, 8), (33, 32)])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_any_size_and_mode_come_out_alike(mode, size, channels):
    from PIL import Image

    from ohgw_tools.templates.image_data import image_tensor

    image = Image.new("L", size, 255).convert(mode)
    found = image_tensor(image, channels, 32)
    assert found.shape == (channels, 32, 32)
    assert found.min() >= 0.98
    assert found.max() <= 1.0


def test_an_image_of_the_right_size_is_not_touched_and_a_wide_one_loses_its_sides():
    import numpy as np
    import torch

    from ohgw_tools.templates.image_data import image_tensor

    pixels = np.arange(32 * 32 * 3, dtype=np.uint32).reshape(32, 32, 3) % 256
    found = (image_tensor(pixels.astype(np.uint8), 3, 32) + 1.0) * 127.5
    assert torch.equal(found.round().permute(1, 2, 0), torch.from_numpy(pixels.astype(np.float32)))
    wide = np.zeros((32, 64), dtype=np.uint8)
    wide[:, 16:48] = 255
    assert image_tensor(wide, 1, 32).min() == 1.0


@pytest.mark.parametrize("name", ["mnist", "cifar-10", "tiny-imagenet", "imagenet-1k"])
def test_drawn_digits_have_the_channels_and_the_size_of_what_they_stand_in_for(name):
    from ohgw_tools.templates.image_data import drawn_digits, image_size, image_tensor

    entry = catalogue.dataset(name)
    space: dict[str, dict] = {}
    exec(known_data.constant("D", entry, known_data.kind_of(entry)), space)
    known = space["IMAGE_DATASETS"]["D"]
    size = image_size(known, known_data.smoke_keys(entry))
    rows = drawn_digits(known, size, 20)
    images = [image_tensor(row[known["image"]], known["channels"], size) for row in rows]
    assert {tuple(i.shape) for i in images} == {(known["channels"], size, size)}
    assert known["channels"] == (entry.shape or (3,))[0]
    assert {row[known["label"]] for row in rows} == set(range(10))
    assert len({tuple(i.flatten().tolist()) for i in images}) == 20


def test_a_table_with_words_and_gaps(monkeypatch, tmp_path):
    import torch

    from ohgw_tools.templates import table_data as module

    monkeypatch.setitem(sys.modules, "sklearn", None)  # not needed for a table in a directory
    monkeypatch.setattr(module, "TABLE_DATASETS", {"T": {"loader": "none"}})
    monkeypatch.setattr(module, "DATA_SOURCES", {})
    numbers = ["" if i % 7 == 0 else str(i % 5) for i in range(100)]
    rows = [f"{i},{n},{'abc'[i % 3]},{['no', 'yes'][i % 2]}" for i, n in enumerate(numbers)]
    (tmp_path / "t.csv").write_text("\n".join(["id,n,word,label", *rows]))
    cfg = {"dataset": {"local_dir": str(tmp_path)}}
    parts = {s: module.TableDataset(cfg, "T", s) for s in ("train", "val", "test")}
    assert [len(part) for part in parts.values()] == [80, 10, 10]
    features = torch.cat([part.features for part in parts.values()])
    assert features.isfinite().all()
    assert len({row[0].item() for row in features}) == 100, "no row is in two splits"
    train = parts["train"].features
    assert train.mean(dim=0)[0].abs() < 1e-6
    # What is missing gets the mean, which is 0 here.
    assert (features[:, 1] == 0).sum() >= 10
    labels = torch.cat([part.labels for part in parts.values()])
    order = features[:, 0].argsort()
    assert labels[order].tolist() == [i % 2 for i in range(100)]
    limited = module.TableDataset({"dataset": {**cfg["dataset"], "max_samples": 16}}, "T", "train")
    assert torch.equal(limited.features, train[:16])


def test_which_datasets_are_certain_to_be_loaded():
    found = {e.name: known_data.kind_of(e) for e in catalogue.datasets()}
    loaded = {name for name, kind in found.items() if kind is not None}
    assert {"penn-treebank", "tinystories", "text8", "openwebtext", "c4", "wikitext-2"} <= loaded
    assert {"imagenet-1k", "tiny-imagenet", "food-101", "svhn", "mnist"} <= loaded
    assert {"adult", "covertype", "iris", "digits"} <= loaded
    # A loading script alone, no hub, no classes, no labels of one row: a model has to see to these.
    assert loaded.isdisjoint({"enwik8", "stl-10", "uci-suite", "atari", "etth1", "squad"})

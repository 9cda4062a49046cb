"""The catalogue: whole, unambiguous, matched by the spellings that experiments use."""

from __future__ import annotations

from collections import Counter

import pytest

from ohgw_tools import catalogue, templates
from ohgw_tools.catalogue import DatasetEntry, Entry
from ohgw_tools.repairing import scheduler_code

SEED_SCHEDULERS = ("ASHA", "PASHA", "DyHPO", "Hyperband", "Hyperband-BO", "BOIL")
SEED_MODELS = ("ResNet-20", "ViT", "GPT2-small", "Transformer-LM", "XGBoost", "PPO-CNN")
SEED_DATASETS = ("WikiText-103", "CIFAR-10", "CIFAR-100", "ImageNet-1k", "UCI", "Atari")


def everything() -> tuple[Entry, ...]:
    return (
        *catalogue.datasets(),
        *catalogue.models(),
        *catalogue.schedulers(),
        *catalogue.metrics(),
    )


def test_holds_thirty_datasets_and_thirty_models() -> None:
    assert len(catalogue.datasets()) >= 30
    assert len(catalogue.models()) >= 30


@pytest.mark.parametrize("name", SEED_DATASETS)
def test_knows_the_datasets_of_the_seed(name: str) -> None:
    assert catalogue.dataset(name) is not None


@pytest.mark.parametrize("name", SEED_MODELS)
def test_knows_the_models_of_the_seed(name: str) -> None:
    assert catalogue.model(name) is not None


@pytest.mark.parametrize("name", SEED_SCHEDULERS)
def test_knows_the_schedulers_of_the_seed(name: str) -> None:
    entry = catalogue.scheduler(name)
    assert entry is not None
    assert entry.template or entry.nearest, "neither written by a recipe nor replaced by a near one"


@pytest.mark.parametrize(
    "name",
    [
        "WIKITEXT_103",
        "wikitext-103-raw-v1",
        "WikiText-103",
        "wikitext103",
        "wikitext/wikitext-103-raw-v1",
    ],
)
def test_matches_usual_spellings(name: str) -> None:
    entry = catalogue.dataset(name)
    assert entry is not None
    assert entry.name == "wikitext-103"


@pytest.mark.parametrize(
    ("spelt", "name"),
    [
        ("cifar-10", "cifar-10"),
        ("uoft-cs/cifar10", "cifar-10"),
        ("ILSVRC-2012", "imagenet-1k"),
        ("ptb_text_only", "penn-treebank"),
        ("penn_treebank", "penn-treebank"),
        ("roneneldan/TinyStories", "tinystories"),
        ("tiny_imagenet_200", "tiny-imagenet"),
        ("glue/sst2", "sst-2"),
        ("UCI Adult", "adult"),
        ("Covtype", "covertype"),
        ("ETTh1", "etth1"),
    ],
)
def test_matches_other_datasets_by_their_usual_spellings(spelt: str, name: str) -> None:
    entry = catalogue.dataset(spelt)
    assert entry is not None
    assert entry.name == name


@pytest.mark.parametrize(
    ("spelt", "name"),
    [
        ("ResNet20", "resnet-20"),
        ("gpt-2 small", "gpt2"),
        ("ViT-B/16", "vit-b-16"),
        ("google/vit-base-patch16-224", "vit-b-16"),
        ("vit_tiny", "vit-tiny"),
        ("Transformer LM", "transformer-lm"),
        ("WRN-28-10", "wide-resnet-28-10"),
        ("EleutherAI/pythia-70m", "pythia-70m"),
    ],
)
def test_matches_models_by_their_usual_spellings(spelt: str, name: str) -> None:
    entry = catalogue.model(spelt)
    assert entry is not None
    assert entry.name == name


def test_a_shared_hub_id_needs_its_configuration() -> None:
    assert catalogue.dataset("Salesforce/wikitext") is None
    for config in ("wikitext-103-raw-v1", "wikitext-103-v1"):
        entry = catalogue.dataset("Salesforce/wikitext", config)
        assert entry is not None
        assert entry.name == "wikitext-103"
    two = catalogue.dataset("wikitext", "wikitext-2-raw-v1")
    assert two is not None
    assert two.name == "wikitext-2"


def test_a_configuration_that_contradicts_the_name_fits_nothing() -> None:
    assert catalogue.dataset("wikitext-103", "wikitext-2-raw-v1") is None


@pytest.mark.parametrize("name", ["", "wikitext", "my_dataset", "RANDOM_PLACEHOLDER", "cifar"])
def test_unknown_or_vague_names_fit_nothing(name: str) -> None:
    assert catalogue.dataset(name) is None


def test_gpt2_by_the_names_that_bundles_give_it() -> None:
    for name in ("gpt2_small_lm", "gpt2", "GPT2-small", "openai-community/gpt2"):
        entry = catalogue.model(name)
        assert entry is not None, name
        assert entry.parameters == 124_439_808


def test_names_in_prose_are_found_in_order_and_the_longer_wins() -> None:
    text = "We use CIFAR-100, not cifar-1000, then WikiText-103 (and WikiText-103-v1) and CIFAR-10."
    found = [entry.name for entry in catalogue.named_in(text, catalogue.datasets())]
    assert found == ["cifar-100", "wikitext-103", "cifar-10"]
    words = [e.name for e in catalogue.named_in("we wrap PASHA, then ASHA", catalogue.schedulers())]
    assert words == ["pasha", "asha"]


@pytest.mark.parametrize(
    "entries",
    [catalogue.datasets(), catalogue.models(), catalogue.schedulers(), catalogue.metrics()],
    ids=["datasets", "models", "schedulers", "metrics"],
)
def test_no_spelling_stands_for_two_entries(entries: tuple[Entry, ...]) -> None:
    spelt = Counter(
        spelling
        for entry in entries
        for spelling in {catalogue.spelling(name) for name in (entry.name, *entry.aliases)}
    )
    assert [s for s, count in spelt.items() if count > 1 or not s] == []


def test_fields_fit_together() -> None:
    for entry in catalogue.datasets():
        check_dataset(entry)
    for model in catalogue.models():
        assert "." in model.constructor or model.template or "no" in model.note.casefold(), (
            model.name
        )
    names = {s.name for s in catalogue.schedulers()}
    assert all(s.nearest in names for s in catalogue.schedulers() if s.nearest)
    assert all(entry.sources for entry in everything())


@pytest.mark.torch
@pytest.mark.slow
def test_models_built_as_their_entries_say_have_the_published_number_of_weights() -> None:
    """On the meta device, which holds no weights: a size that is missing is another model."""
    import torch
    import transformers

    built = 0
    for entry in catalogue.models():
        if entry.config is None or entry.parameters is None or "attention_types" in entry.note:
            continue
        config = getattr(transformers, entry.config.rpartition(".")[2])(**entry.kwargs)
        if entry.task == "image-classification":
            config.num_labels = 1000
        with torch.device("meta"):
            model = getattr(transformers, entry.constructor.rpartition(".")[2])(config)
        counted = model
        if entry.task == "masked-lm":
            counted = getattr(model, model.base_model_prefix)
        found = sum(p.numel() for p in counted.parameters())
        if entry.name.startswith("bert"):
            found += config.hidden_size * (config.hidden_size + 1)  # the pooler of the encoder
        assert found == entry.parameters, entry.name
        built += 1
    assert built >= 20


def check_dataset(entry: DatasetEntry) -> None:
    assert set(entry.hidden) <= set(entry.splits), entry.name
    assert not (entry.hub and entry.hub.revision) or entry.hub.script, entry.name
    assert entry.hub or entry.loader, f"{entry.name}: no way to load it"
    if entry.hub and entry.splits:
        assert set(entry.rows) <= set(entry.splits), entry.name
    if entry.task == "causal-lm":
        assert "text" in entry.columns, entry.name
    if entry.task == "image-classification" and entry.hub:
        assert {"image", "label"} <= set(entry.columns), entry.name
        assert entry.classes, entry.name


def test_a_class_that_stands_in_for_a_scheduler_is_there_and_says_so() -> None:
    for entry in catalogue.schedulers():
        cls = entry.template or entry.substitute
        if cls is None:
            continue
        assert any(cls in templates.names(t) for t in ("schedulers", "halving", "gaussian_race"))
        assert scheduler_code.class_of(entry.name) == cls
        says_so = "SUBSTITUTE" in scheduler_code.key_of(entry.name)
        assert says_so == (entry.template is None)
        assert not says_so or scheduler_code.key_of(entry.name) in entry.note

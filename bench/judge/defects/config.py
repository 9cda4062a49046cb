"""Defects of configurations: YAML, names, variations, keys, values."""

from __future__ import annotations

import random
import re
from typing import Any

import yaml

from defects import FULL, SMOKE, defect, replaced, with_file, with_runs
from ohgw_tools.bundle import Bundle


@defect("yaml-syntax")
def broken_yaml(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A configuration does not parse."""
    path = rng.choice([FULL, SMOKE])
    tails = ['"}\n', "  bad: [1, 2\n", "\t- run\n", "runs: : x\n"]
    return with_file(bundle, path, bundle.derived[path] + rng.choice(tails))


@defect("template-tag", "yaml-syntax")
def template_tag(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A configuration holds a template's loop."""
    text = bundle.derived[FULL]
    return with_file(
        bundle, FULL, text + "{% for seed in [1, 2] %}\n  # {{ seed }}\n{% endfor %}\n"
    )


@defect("yaml-duplicate-key", severity="warning")
def duplicate_key(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A key stands twice in one mapping."""
    found = re.search(r"^( +)(epochs|seed): .*\n", bundle.derived[FULL], re.M)
    if found is None:
        return None
    line = found.group(0)
    return replaced(bundle, FULL, line, line + f"{found.group(1)}{found.group(2)}: 3\n")


@defect("degenerate-file", severity="warning")
def blank_filler(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A configuration is mostly blank lines."""
    return with_file(bundle, FULL, bundle.derived[FULL] + "\n" * 4000)


@defect("placeholder-value", "registry-gap")
def placeholder_value(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A configured name is a placeholder."""
    names = re.findall(
        r"(?:name|dataset|model|id|type): ([a-z][-_a-z]+)$", bundle.derived[FULL], re.M
    )
    token = rng.choice(["DATASET_PLACEHOLDER", "MODEL_PLACEHOLDER", "<dataset-name>", "TODO"])
    return replaced(bundle, FULL, f": {rng.choice(names)}\n", f": {token}\n", 99)


def _rename(bundle: Bundle, old_form: str, new: str) -> Bundle | None:
    found = re.search(old_form, bundle.derived[FULL], re.M)
    return None if found is None else replaced(bundle, FULL, found.group(1), new, 99)


@defect("registry-gap")
def unknown_dataset(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """The full configuration names a dataset that the code does not know."""
    form = r"(?:dataset:\n\s+name|dataset|data:\n\s+id): ([a-z][-a-z]+)$"
    return _rename(bundle, form, rng.choice(["wikitext-103", "CIFAR10", "imagenet-100"]))


@defect("registry-gap")
def unknown_model(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """The full configuration names a model that the code does not know."""
    form = r"(?:model:\n\s+name|model|type): ([a-z]+_[_a-z]+)$"
    return _rename(bundle, form, rng.choice(["gpt2_small", "ResNet18", "vit_tiny"]))


def _drop_run(document: dict[str, Any], rng: random.Random) -> bool:
    document["runs"].pop(rng.randrange(len(document["runs"])))
    return True


@defect("missing-variation")
def dropped_variation_full(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """The full configuration lacks a run."""
    return with_runs(bundle, FULL, _drop_run, rng)


@defect("missing-variation")
def dropped_variation_smoke(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """The smoke test lacks a run."""
    return with_runs(bundle, SMOKE, _drop_run, rng)


def _method_key(run: dict[str, Any]) -> str | None:
    return next((k for k in ("method", "variant") if k in run), None)


@defect("identical-variations")
def copied_variation(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """Two variations are configured alike."""

    def change(document: dict[str, Any], rng: random.Random) -> bool:
        runs = document["runs"]
        source, target = rng.sample(range(len(runs)), 2)
        name = runs[target]["run_id"]
        runs[target] = {**runs[source], "run_id": name, "seed": 99}
        return True

    return with_runs(bundle, FULL, change, rng)


@defect("unread-key", "identical-variations")
def unread_key(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A variation is set apart by a key that nothing reads."""

    def change(document: dict[str, Any], rng: random.Random) -> bool:
        run = rng.choice(document["runs"])
        place = next(
            (k for k in ("dataset", "data", "optim", "training") if isinstance(run.get(k), dict)),
            None,
        )
        key = rng.choice(["noise_ratio", "ood_split", "warmup_tokens"])
        if place is None and "dataset_options" not in run:
            run.setdefault("data" if "defaults" in document else "extra", {})[key] = 0.3
            return "defaults" in document
        run[place or "dataset_options"][key] = 0.3
        return True

    return with_runs(bundle, FULL, change, rng)


@defect("certain-crash")
def unknown_field(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A run holds a key that the configuration's dataclass has no field for."""
    if "class RunConfig" not in bundle.derived["src/train.py"]:
        return None

    def change(document: dict[str, Any], rng: random.Random) -> bool:
        rng.choice(document["runs"])["noise_ratio"] = 0.15
        return True

    return with_runs(bundle, FULL, change, rng)


@defect("certain-crash")
def missing_config_key(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A key that the code demands is not configured."""

    def change(document: dict[str, Any], rng: random.Random) -> bool:
        holders = [document["defaults"]] if "defaults" in document else document["runs"]
        keys = [
            k for k in ("dataset", "data", "model", "net", "training", "optim") if k in holders[0]
        ]
        key = rng.choice(keys)
        for holder in holders:
            del holder[key]
        return True

    return with_runs(bundle, FULL, change, rng)


@defect("certain-crash", "yaml-number-string", severity="warning")
def learning_rate_text(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A learning rate is written so that YAML 1.1 reads a string."""
    text = re.sub(r"(lr|learning_rate): [0-9.]+$", r"\1: 1e-3", bundle.derived[FULL], flags=re.M)
    return with_file(bundle, FULL, text)


@defect("certain-crash")
def no_epochs(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """No epoch is trained, and the last one's metrics are asked for."""
    return with_file(bundle, FULL, re.sub(r"epochs: \d+", "epochs: 0", bundle.derived[FULL]))


@defect("certain-crash", "undefined-name")
def text_for_number(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A number of epochs is written as an expression, which YAML reads as text."""
    return with_file(
        bundle, FULL, re.sub(r"epochs: (\d+)", r'epochs: "2*\1"', bundle.derived[FULL])
    )


@defect("identical-variations", severity="warning")
def smoke_variation_copied(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """Two smoke runs are configured alike."""

    def change(document: dict[str, Any], rng: random.Random) -> bool:
        runs = document["runs"]
        source, target = rng.sample(range(len(runs)), 2)
        runs[target] = {**runs[source], "run_id": runs[target]["run_id"]}
        return True

    return with_runs(bundle, SMOKE, change, rng)


def load(text: str) -> Any:
    """Parse a configuration."""
    return yaml.safe_load(text)

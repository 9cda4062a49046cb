"""Defects that only show when values flow: unpacking, None, types, gradients."""

from __future__ import annotations

import random
import re

from defects import defect, replaced, spliced, with_file
from ohgw_tools.bundle import Bundle


@defect("certain-crash")
def unpack_arity(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A pair is unpacked into three."""
    pairs = re.findall(r'^ +(\w+), (\w+) = data\["train"\]$', bundle.derived["src/model.py"], re.M)
    if not pairs:
        return None
    first, second = pairs[0]
    return replaced(
        bundle,
        "src/model.py",
        f'{first}, {second} = data["train"]',
        f'{first}, {second}, _ = data["train"]',
    )


@defect("certain-crash")
def missing_data_key(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """The loader returns its sizes under other names than the model asks for."""
    return replaced(bundle, "src/preprocess.py", '"n_inputs":', '"input_dim":')


@defect("certain-crash", "missing-return")
def none_returned(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """The loader forgets to return what it made."""
    return replaced(bundle, "src/preprocess.py", "    return {\n", "    result = {\n")


@defect("certain-crash")
def text_arithmetic(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """Text is added to a number of the configuration."""
    found = re.search(
        r"^( +)(best = -float.*|rng_seed = .*|folder = args.*)\n",
        bundle.derived["src/train.py"],
        re.M,
    )
    if found is None:
        return None
    number = {"best": 'training["epochs"]', "rng_": 'opt["epochs"]', "fold": "config.epochs"}[
        found.group(2)[:4]
    ]
    return replaced(
        bundle,
        "src/train.py",
        found.group(0),
        f'{found.group(0)}{found.group(1)}title = "epochs: " + {number}\n',
    )


@defect("certain-crash")
def assertion_on_config(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """An assertion excludes the configured value."""
    text = bundle.derived["src/train.py"]
    for line, value in (("    training = cfg[\"training\"]\n", 'training["epochs"]'),
                        ("    ds, opt = run[\"data\"], run[\"optim\"]\n", 'opt["epochs"]'),
                        ("        config = self.config\n", "config.epochs")):  # fmt: skip
        if line in text:
            indent = re.match(" *", line).group(0)
            extra = f'{indent}assert {value} <= 5, "at most five epochs are supported"\n'
            return replaced(bundle, "src/train.py", line, line + extra)
    return None


@defect("gradient-off", "certain-crash", severity="warning")
def gradient_off(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """backward() is called where gradients are switched off."""
    if "import torch" not in bundle.derived["src/model.py"]:
        return None
    lines = bundle.derived["src/model.py"].splitlines()
    place = next(i for i, line in enumerate(lines) if "def fit_epoch(" in line)
    return spliced(bundle, "src/model.py", place + 1, place, ["    @torch.no_grad()"])


@defect("certain-crash")
def unknown_keyword(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """An option is configured that the model's constructor does not have."""
    path = "config/full_experiment.yaml"
    text = re.sub(
        r"^( +)(features|scale|gamma|channels|width|hidden): (.*)$", r"\1\2: \3\n\1n_heads: 8",
        bundle.derived[path], flags=re.M,
    )  # fmt: skip
    return with_file(bundle, path, text)


@defect("certain-crash")
def wrong_type_of_layer(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A layer's width is configured as text."""
    path = "config/full_experiment.yaml"
    text = re.sub(
        r"^( +)(channels|width|hidden): (\d+)$", r'\1\2: "4*\3"', bundle.derived[path], flags=re.M
    )
    return (
        with_file(bundle, path, text) if "import torch" in bundle.derived["src/model.py"] else None
    )


@defect("certain-crash")
def empty_optimizer(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """An optimizer is given no parameters."""
    return replaced(bundle, "src/model.py", "(self.parameters(), lr=lr", "([], lr=lr")


@defect("certain-crash", "shape-mismatch")
def layer_width(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A linear layer expects another width than the layer before gives."""
    changes = [
        ("nn.Linear(channels * 2 * 4, n_outputs)", "nn.Linear(channels * 4, n_outputs)"),
        ("nn.GRU(width, width,", "nn.GRU(width * 2, width,"),
        ("nn.Linear(hidden, n_outputs)", "nn.Linear(hidden * 2, n_outputs)"),
    ]
    results = (replaced(bundle, "src/model.py", old, new) for old, new in changes)
    return next((r for r in results if r is not None), None)

"""Plausible but wrong repairs of the seed: what each changes in the right one, by file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from ohgw_tools.bundle import Bundle

SEED = Path(__file__).parents[1] / "bundles" / "seed" / "exp-2.bundle.json"


class WrongRepair(NamedTuple):
    """`property` must report it, in words that hold `because`."""

    name: str
    path: str
    old: str
    new: str
    property: str
    because: str


WRONG = (
    WrongRepair(
        "OHGW on the weights",
        "src/train.py",
        "    trial.psi = {**trial.psi, **trial.mdl.ohgw_step(psi, gradient, eta_h, bounds)}\n",
        "    logits, targets = trial.mdl.predict_batch(trial.model, batch)\n"
        "    loss = trial.mdl.smoothed_loss(logits, targets, 0.0)\n"
        "    for p, g in zip(trial.model.parameters(),"
        " torch.autograd.grad(loss, list(trial.model.parameters()))):\n"
        "        p.data -= eta_h * g\n",
        "warm-start-moves",
        "a step on weights",
    ),
    WrongRepair(
        "eta ignored",
        "src/train.py",
        'eta_h = float(ohgw_cfg.get("eta_h", 1e-3))\n    trial.psi',
        "eta_h = 1e-3\n    trial.psi",
        "warm-start-moves",
        "changes nothing at all",
    ),
    WrongRepair(
        "OHGW never called",
        "src/train.py",
        '            warm_start(trial, cfg, loaders["train"])\n',
        "            trial.warm_start = {}\n",
        "warm-start-moves",
        "never called",
    ),
    WrongRepair(
        "a random nudge",
        "src/train.py",
        "**trial.mdl.ohgw_step(psi, gradient, eta_h, bounds)",
        "**{name: psi[name] + eta_h * 0.01 * random.Random(name).gauss(0, 1) for name in psi}",
        "warm-start-moves",
        "another mini-batch",
    ),
    WrongRepair(
        "a step of fixed length",
        "src/train.py",
        "**trial.mdl.ohgw_step(psi, gradient, eta_h, bounds)",
        "**{name: psi[name] - (eta_h > 0) * 1e-3 * math.copysign(1, gradient[name])"
        " for name in psi}",
        "warm-start-moves",
        "times as far",
    ),
    WrongRepair(
        "weights moved whatever eta is",
        "src/train.py",
        "    trial.apply()\n    trial.warm_start = {",
        "    trial.apply()\n    for p in trial.model.parameters():\n        p.data.mul_(1.01)\n"
        "    trial.warm_start = {",
        "eta-zero-is-baseline",
        "disturbs weights",
    ),
    WrongRepair(
        "silent random tokens",
        "src/preprocess.py",
        "        tokens = text_tokens(name, ds_cfg, split, vocab_size)\n",
        "        tokens = torch.randint(vocab_size, (4000,))\n",
        "fails-without-data",
        "not the dataset that it names",
    ),
    WrongRepair(
        "silent stand-in text",
        "src/preprocess.py",
        'if fallback != "python_docs":',
        'if fallback == "never":',
        "fails-without-data",
        "not the dataset that it names",
    ),
)


def made_wrong(right: Bundle, wrong: WrongRepair) -> Bundle:
    """Return the right repair with one thing wrong. The old text must stand there once."""
    text = right.derived[wrong.path]
    assert text.count(wrong.old) == 1, wrong.name
    return right.with_derived(
        right.derived.with_file(wrong.path, text.replace(wrong.old, wrong.new))
    )


def made_small(bundle: Bundle) -> Bundle:
    """Return the bundle with a smoke test of one trial on little text: probes need no more."""
    path = "config/smoke_test.yaml"
    text = bundle.derived[path]
    for key, value in (("max_trials", 1), ("max_tokens", 4000), ("epochs", 2)):
        text = re.sub(rf"(\b{key}:) \d+", rf"\1 {value}", text)
    return bundle.with_derived(bundle.derived.with_file(path, text))

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
        "silent random tokens",
        "src/preprocess.py",
        "        tokens = text_tokens(name, ds_cfg, split, vocab_size)\n",
        "        tokens = torch.randint(vocab_size, (4000,))\n",
        "fails-without-data",
        "not the dataset that it names",
    ),
    WrongRepair(
        "a loader that ignores the text",
        "src/preprocess.py",
        "        tokens = text_tokens(name, ds_cfg, split, vocab_size)\n",
        "        tokens = text_tokens(name, ds_cfg, split, vocab_size)\n"
        "        tokens = torch.randint(vocab_size, tokens.shape)\n",
        "named-data-reaches-loss",
        "the loss",
    ),
    WrongRepair(
        "PASHA by name only",
        "src/model.py",
        "        return self.asha.next_job()\n",
        "        trial = self.asha.num_trials\n"
        "        if trial >= (self.asha.max_trials or 8):\n            return None\n"
        "        self.asha.num_trials += 1\n"
        "        self.asha.milestones[trial] = self.asha.max_epochs\n"
        "        return trial, 0, self.asha.max_epochs\n",
        "scheduler-follows-ranking",
        "train to the end",
    ),
    WrongRepair(
        "ASHA called PASHA",
        "src/model.py",
        "self.asha.cap = self.asha.levels[self.top] if self.top > 0 else max_epochs\n",
        "self.asha.cap = max_epochs\n",
        "scheduler-follows-ranking",
        "that is ASHA",
    ),
    WrongRepair(
        "random promotion",
        "src/model.py",
        "rung.append([self._cost(value), trial, False])",
        "rung.append([float(trial * 5 % 8), trial, False])",
        "scheduler-follows-ranking",
        "not the best",
    ),
    WrongRepair(
        "noise in labels",
        "src/preprocess.py",
        '        item["input_ids"] = torch.where(hit, (clean + shift) % self.vocab_size, clean)\n',
        '        item["input_ids"] = torch.where(hit, (clean + shift) % self.vocab_size, clean)\n'
        '        item["labels"] = item["input_ids"].clone()\n',
        "noise-on-training-inputs",
        "labels of training data",
    ),
    WrongRepair(
        "noise in validation",
        "src/preprocess.py",
        '    if split == "train" and noise_ratio > 0:\n',
        "    if noise_ratio > 0:\n",
        "noise-on-training-inputs",
        "validation inputs",
    ),
    WrongRepair(
        "one variation in the smoke test",
        "src/main.py",
        "    for run_cfg in runs:\n",
        "    for run_cfg in runs[:1]:\n",
        "variations-differ",
        "leaves no results",
    ),
)


def changed(right: Bundle, wrong: WrongRepair) -> Bundle:
    """Return a correct bundle with one thing wrong. The old text must stand there once."""
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

"""Experiments as a generator leaves them: base code, and a full configuration that names datasets,
models, schedulers and noise that the code does not have. Each says what recipes cannot write."""

from __future__ import annotations

from typing import NamedTuple

from wrong_repairs import SEED

from ohgw_tools import catalogue
from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.finding import Finding

_SPACES = {
    "tables": "{log-lr, log-wd, label-smoothing}",
    "image-classification": "{log-lr, log-wd, momentum, augment-magnitude, label-smoothing}",
    "language_modeling": "{log-lr, log-wd, attention-dropout, residual-dropout, label-smoothing}",
}
_OPTIMIZERS = {
    "tables": "{type: AdamW, lr: 0.001, weight_decay: 0.01}",
    "image-classification": "{type: SGD, lr: 0.1, weight_decay: 0.0005, momentum: 0.9}",
    "language_modeling": "{type: AdamW, lr: 0.0005, weight_decay: 0.01}",
}


class Gap(NamedTuple):
    """One experiment; `left` holds (rule, name) of what no recipe writes, so that a model must."""

    name: str
    dataset: str
    model: str
    schedulers: tuple[str, ...]
    task: str = "image-classification"
    noise: float = 0.0
    left: tuple[tuple[str, str], ...] = ()

    @property
    def variations(self) -> tuple[str, ...]:
        """Each scheduler without and with the warm start, and once with noise."""
        found = [f"{s}-{way}" for s in self.schedulers for way in ("baseline", "ohgw")]
        return (*found, f"{self.schedulers[0]}-ohgw-noisy") if self.noise else tuple(found)


LM = "language_modeling"
TABLES = "tables"
NOISE = "dataset.noise_ratio"
GAPS = (
    Gap("small-wiki", "wikitext-2", "gpt2_small_lm", ("pasha",), LM),
    Gap("wiki-two-schedulers", "WIKITEXT_103", "gpt2_small_lm", ("asha", "pasha"), LM, 0.1),
    Gap("hundred-classes", "cifar100", "resnet32", ("pasha",)),
    Gap("clothes", "FashionMNIST", "resnet-56", ("asha",)),
    Gap("house-numbers", "SVHN", "ResNet-110", ("asha", "pasha")),
    Gap("digits-hyperband", "mnist", "resnet44", ("hyperband",)),
    Gap("pictures-dyhpo", "CIFAR10", "resnet20", ("asha", "dyhpo")),
    Gap("pictures-boil", "CIFAR10", "resnet20", ("boil",)),
    Gap("stories", "TinyStories", "gpt2", ("asha",), LM),
    Gap("treebank-noise", "PTB", "gpt2", ("pasha",), LM, 0.2),
    Gap("wiki-transformer", "wikitext-2", "transformer_lm", ("pasha",), LM),
    Gap("web-text", "OpenWebText", "TransformerLM", ("asha",), LM),
    Gap("natural-pictures", "ImageNet-1k", "vit_b_16", ("pasha",)),
    Gap("dishes", "food101", "vit_tiny", ("hyperband",)),
    Gap("thumbnails", "tiny-imagenet-200", "ViT-S", ("asha",)),
    Gap("forests", "covertype", "mlp", ("pasha",), TABLES),
    Gap("incomes", "adult", "MLP", ("asha",), TABLES),
    Gap(
        "incomes-by-trees",
        "adult",
        "xgboost",
        ("asha",),
        TABLES,
        left=(
            ("registry-gap", "XGBOOST"),
            ("missing-scheduler", "asha"),
            ("unread-key", "ohgw.enabled"),
        ),
    ),
    Gap(
        "games",
        "Atari",
        "PPO-CNN",
        ("asha",),
        left=(
            ("registry-gap", "ATARI"),
            ("registry-gap", "PPO-CNN"),
            ("missing-scheduler", "asha"),
            ("unread-key", "ohgw.enabled"),
        ),
    ),
    Gap(
        "transformers-of-power",
        "ETTh1",
        "lstm",
        ("pasha",),
        TABLES,
        left=(
            ("registry-gap", "ETTH1"),
            ("registry-gap", "LSTM"),
            ("missing-scheduler", "pasha"),
            ("unread-key", "ohgw.enabled"),
        ),
    ),
    Gap(
        "own-pictures",
        "my_pictures",
        "resnet20",
        ("asha",),
        left=(
            ("registry-gap", "MY_PICTURES"),
            ("missing-scheduler", "asha"),
            ("unread-key", "ohgw.enabled"),
        ),
    ),
)


def made(gap: Gap) -> Bundle:
    """Return the experiment: a full configuration of its own on the seed's base code, for language
    models on what the generator made of that code, which knows token rows and no text.
    """
    seed = load(SEED)
    lines = ["runs:"]
    for name in gap.variations:
        noise = f", noise_ratio: {gap.noise}" if name.endswith("noisy") else ""
        lm = gap.task == LM
        known = catalogue.dataset(gap.dataset)
        shape = f"num_classes: {known.classes or 10 if known else 10}"
        kwargs = "vocab_size: 8192, seq_len: 256" if lm else shape
        lines += [
            f"  - run_id: {name}",
            "    seed: 7",
            *([f"    task: {gap.task}"] if lm else []),
            f"    dataset: {{name: {gap.dataset}{', seq_len: 256' if lm else ''}{noise}}}",
            f"    model: {{name: {gap.model}, kwargs: {{{kwargs}}}}}",
            f"    optimizer: {_OPTIMIZERS[gap.task]}",
            "    training: {batch_size: 64, epochs: 27}",
            f"    ohgw: {{enabled: {str('ohgw' in name).lower()}, eta_h: 0.001}}",
        ]
    code = seed.derived if gap.task == LM else seed.base
    derived = code.with_file("config/full_experiment.yaml", "\n".join(lines) + "\n")
    experiment = Experiment(
        id=gap.name, description=_description(gap), run_variations=gap.variations
    )
    return Bundle(base=seed.base, derived=derived, experiment=experiment, method=seed.method)


def _description(gap: Gap) -> str:
    space = _SPACES[gap.task]
    metric = "validation perplexity" if gap.task == LM else "best test accuracy"
    noise = (
        f"In the noisy variation {gap.noise:.0%} of training tokens are randomly replaced.\n"
        if gap.noise
        else ""
    )
    return (
        f"Benchmark: {gap.dataset} with {gap.model} and {space.count(',') + 1}-dim continuous "
        f"search space {space}. Scheduler baselines {' and '.join(gap.schedulers).upper()}; ours "
        "wraps trial creation by a one-shot hyper-gradient warm start, eta_h=1e-3.\n"
        f"{noise}"
        f"Each trial may train for 27 epochs. 8 seeds. Metrics: {metric}.\n"
        "Statistical testing: paired Wilcoxon over seeds.\n"
    )


def needed(errors: tuple[Finding, ...]) -> tuple[tuple[str, str], ...]:
    """What is left by rule and name. A scheduler waits for its data and models, and what follows
    from a gap (variations that do not differ yet, comments that announce code) is not counted.
    """
    keys = ("name", "scheduler", "key")
    told = [(f.rule, next((str(f.data[k]) for k in keys if k in f.data), "")) for f in errors]
    follows = ("identical-variations", "placeholder-comment", "restored-base-file")
    return tuple(dict.fromkeys(pair for pair in told if pair[0] not in follows))

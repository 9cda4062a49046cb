"""The other experiment of the seed's method, as a generator leaves it: base code, and a full
configuration that names what the base code does not have."""

from __future__ import annotations

from pathlib import Path

from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.bundles.bundle_file import load

SEED = Path(__file__).parents[1] / "bundles" / "seed" / "exp-2.bundle.json"
DESCRIPTION = """\
Benchmark: CIFAR-10 with ResNet-20 and 5-dim continuous search space {log-lr, log-wd, momentum,
augment-magnitude, label-smoothing}. Scheduler baselines ASHA and PASHA; ours wraps trial creation.
Mini-batch for warm-start: 128 images. Hyper-gradient lr eta_h=1e-3. 50 seeds. Each trial may train
for 81 epochs. Metrics: best test accuracy, total GPU hours until 93% accuracy.
Statistical testing: paired Wilcoxon over seeds.
"""


def cifar(variations: tuple[str, ...], model: str = "resnet20", dataset: str = "CIFAR10") -> Bundle:
    """Return the bundle with these variations; names that end in `-ohgw` use the method."""
    seed = load(SEED)
    runs = ["runs:"]
    for name in variations:
        runs += [
            f"  - run_id: {name}",
            "    seed: 7",
            f"    dataset: {{name: {dataset}}}",
            f"    model: {{name: {model}, kwargs: {{num_classes: 10}}}}",
            "    optimizer: {type: SGD, lr: 0.1, weight_decay: 0.0005, momentum: 0.9}",
            "    training: {batch_size: 128, epochs: 81}",
            f"    ohgw: {{enabled: {str(name.endswith('-ohgw')).lower()}, eta_h: 0.001}}",
        ]
    derived = seed.base.with_file("config/full_experiment.yaml", "\n".join(runs) + "\n")
    experiment = Experiment(id="exp-1", description=DESCRIPTION, run_variations=variations)
    return Bundle(base=seed.base, derived=derived, experiment=experiment, method=seed.method)

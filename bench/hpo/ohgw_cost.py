"""What a one-shot hyper-gradient warm start costs, as a ratio to one training step on its batch.

    python bench/hpo/ohgw_cost.py

Needs PyTorch and transformers. The processor's time is measured, medians of alternating repeats, on
one thread: a GPT-2 with six searched dimensions (two of them by finite differences), the same with
those that autograd reaches alone, and a ResNet-20 with five. `half-batches` counts the passes.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any

from ohgw_tools.templates import adapters, cifar_resnet
from ohgw_tools.templates.hypergradient import one_shot_hypergradient

LM = {
    "log10_lr": -3.0,
    "log10_weight_decay": -2.0,
    "warmup_scale": 1.0,
    "label_smoothing": 0.1,
    "attention_dropout": 0.1,
    "residual_dropout": 0.1,
}
IMAGES = {
    "log10_lr": -1.0,
    "log10_weight_decay": -3.0,
    "momentum": 0.9,
    "label_smoothing": 0.1,
    "augment_magnitude": 0.1,
}
EXPLICIT_ALONE = {name: LM[name] for name in LM if "dropout" not in name}


def main() -> None:
    """Measure the three cases and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    if any(importlib.util.find_spec(name) is None for name in ("torch", "transformers")):
        raise SystemExit("needs PyTorch and transformers: pip install -e '.[torch]'")
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    text = torch.randint(0, 2000, (8, 128))
    batch = {"input_ids": text, "labels": text}
    pictures = (torch.randn(64, 3, 32, 32), torch.randint(0, 10, (64,)))
    print("case                          half-batches  warm start / training step  (1 step = 1.0)")
    for name, model, given, psi in (
        ("GPT-2, six dimensions", gpt2(), batch, LM),
        ("GPT-2, autograd alone", gpt2(), batch, EXPLICIT_ALONE),
        ("ResNet-20, five dimensions", cifar_resnet.CifarResNet(20), pictures, IMAGES),
    ):
        ratio, low, high, passes = cost(model, given, psi, repeats)
        print(f"{name:<30}{passes:>12}  {ratio:>6.2f}  (quartiles {low:.2f} to {high:.2f})")


def gpt2() -> Any:
    """A GPT-2 of 4 layers; the ratio hardly depends on its size."""
    from ohgw_tools.templates.causal_lm import GPT2FromScratch

    return GPT2FromScratch(vocab_size=2000, seq_len=128, n_layer=4, n_head=4, n_embd=128)


def cost(
    model: Any, batch: Any, psi: dict[str, float], repeats: int
) -> tuple[float, float, float, int]:
    """Return the median ratio, its quartiles, and the passes over half a mini-batch."""
    import torch

    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    passes = 0

    def step() -> None:
        model.train()
        logits, targets = adapters.predict_batch(model, batch)
        optimizer.zero_grad()
        adapters.smoothed_loss(logits, targets, 0.1).backward()
        optimizer.step()

    def warm_start() -> None:
        nonlocal passes
        _, report = one_shot_hypergradient(
            model,
            batch,
            psi,
            adapters.predict_batch,
            adapters.smoothed_loss,
            adapters.set_stochastic,
            warmup_steps=40,
        )
        passes = report["half_batches"]

    for function in (step, warm_start):
        function()
    ratios = [seconds(warm_start) / seconds(step) for _ in range(repeats)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    return middle, low, high, passes


def seconds(function: Callable[[], None]) -> float:
    """The processor's seconds that a call takes."""
    began = time.process_time()
    function()
    return time.process_time() - began


if __name__ == "__main__":
    main()

"""Evaluations under a script: what a scheduler sees is the script's, whatever the model can do."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch


class Record:
    def __init__(self):
        self.written = []

    def write(self, kind, **data):
        self.written.append((kind, data))

    def once(self, kind, *data):
        self.written.append((kind, data))


@pytest.mark.parametrize("batches", [1, 3])
def test_the_first_trial_is_as_bad_as_the_script_says_though_its_model_is_perfect(batches):
    """The right rows of an evaluation are known from its loss on; hits are counted after it."""
    import torch

    from ohgw_tools.observe.startup.ohgw_observer.script import Script

    rows = 40 * batches
    targets = torch.arange(rows) % 2
    inputs = torch.stack([targets * 1.0, 1.0 - targets, torch.arange(rows) * 1.0], dim=1)
    seen = []
    script = Script(Record(), "stable")
    for shift in (0.0, 1.0):  # two trials, both perfect
        model = torch.nn.Linear(3, 2, bias=False)
        with torch.no_grad():
            model.weight.copy_(torch.tensor([[-9.0, 9.0, 0.0], [9.0, -9.0, 0.0]]) * (1 + shift))
        script.entered(model, inputs, "train")
        script.stepped()
        hits = 0
        for part in torch.arange(rows).chunk(batches):
            with torch.no_grad():
                script.entered(model, inputs[part], "eval")
                logits = script.output(model(inputs[part]))
                loss = torch.nn.functional.cross_entropy(logits, targets[part])
                script.loss(loss, logits, targets[part], "mean")
                hits += (logits.argmax(dim=-1) == targets[part]).sum().item()
        seen.append(hits / rows)
    assert seen == pytest.approx([0.154, 0.554], abs=0.02)
    kinds = [kind for kind, _ in script._record.written]
    assert kinds.count("trial") == 2

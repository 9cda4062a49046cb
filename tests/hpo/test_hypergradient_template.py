"""The one-shot hyper-gradient against references of its own, and what it must leave alone."""

from __future__ import annotations

import hashlib
import random

import pytest

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module", autouse=True)
def _need_torch():
    import torch

    torch.set_num_threads(1)


PSI = {
    "log10_lr": -0.7,
    "log10_weight_decay": -1.5,
    "momentum": 0.6,
    "warmup_scale": 0.9,
    "label_smoothing": 0.15,
}
WARMUP = 40


def mlp(dtype=None, dropout=0.0):
    import torch

    torch.manual_seed(3)
    net = torch.nn.Sequential(
        torch.nn.Linear(5, 7),
        torch.nn.Tanh(),
        torch.nn.Dropout(dropout),
        torch.nn.Linear(7, 4),
    )
    return net.to(dtype or torch.float64)


def data(rows=12, dtype=None):
    import torch

    generator = torch.Generator().manual_seed(5)
    inputs = torch.randn(rows, 5, generator=generator, dtype=torch.float64).to(
        dtype or torch.float64
    )
    return inputs, torch.randint(0, 4, (rows,), generator=generator)


def predict(model, batch):
    return model(batch[0]), batch[1]


def loss(logits, targets, smoothing):
    import torch

    return torch.nn.functional.cross_entropy(logits, targets, label_smoothing=smoothing)


def set_dropout(model, name, value):
    model[2].p = value


def hypergradient(model, batch, psi, **more):
    from ohgw_tools.templates.hypergradient import one_shot_hypergradient

    return one_shot_hypergradient(model, batch, psi, predict, loss, **more)


def by_hand(weights, batch, psi):
    """L(w'(psi)) in numpy with a gradient written out by hand: no autograd, no template."""
    import numpy as np

    x, y = (part.numpy() for part in batch)
    half = len(x) // 2

    def forward(w, rows):
        hidden = np.tanh(rows @ w[0].T + w[1])
        scores = hidden @ w[2].T + w[3]
        scores = scores - scores.max(axis=1, keepdims=True)
        return hidden, np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)

    wanted = np.eye(4)[y[:half]] * (1 - psi["label_smoothing"]) + psi["label_smoothing"] / 4
    hidden, share = forward(weights, x[:half])
    delta = (share - wanted) / half
    below = (delta @ weights[2]) * (1 - hidden**2)
    gradient = [below.T @ x[:half], below.sum(0), delta.T @ hidden, delta.sum(0)]
    ramp = min(1.0, (WARMUP / 2) / (psi["warmup_scale"] * WARMUP))
    scale = ramp * 10 ** psi["log10_lr"] / (1 - psi["momentum"])
    decay = 10 ** psi["log10_weight_decay"]
    moved = [w - scale * (g + decay * w) for w, g in zip(weights, gradient, strict=True)]
    _, share = forward(moved, x[half:])
    return -np.log(share[np.arange(len(x) - half), y[half:]]).mean()


@pytest.mark.parametrize("name", list(PSI))
def test_agrees_with_numeric_differentiation_of_a_reference_written_by_hand(name):
    model, batch = mlp(), data()
    gradient, report = hypergradient(model, batch, PSI, warmup_steps=WARMUP)
    weights = [p.detach().numpy().copy() for p in model.parameters()]
    h = 1e-5
    up = by_hand(weights, batch, {**PSI, name: PSI[name] + h})
    down = by_hand(weights, batch, {**PSI, name: PSI[name] - h})
    expected = (up - down) / (2 * h)
    assert abs(expected) > 1e-4, "a reference that is nearly 0 would prove nothing"
    assert gradient[name] == pytest.approx(expected, rel=1e-6)
    assert report["method"][name] == "autograd"


def test_dropout_agrees_with_the_whole_look_ahead_differentiated_under_common_masks():
    """A large network, so that the masks' jumps average out; both sides see the same masks."""
    import torch

    torch.manual_seed(0)
    width = 4000
    model = torch.nn.Sequential(
        torch.nn.Linear(5, width), torch.nn.Tanh(), torch.nn.Dropout(0.3), torch.nn.Linear(width, 4)
    ).double()
    batch, psi = data(64), {"log10_lr": -5.0, "hidden_dropout": 0.3}
    torch.manual_seed(11)
    seed = int(torch.randint(2**31, (1,)).item())
    torch.manual_seed(11)
    gradient, report = hypergradient(model, batch, psi, set_stochastic=set_dropout)
    assert report["method"]["hidden_dropout"] == "finite_difference"

    def outer(p):
        model[2].p = p
        torch.manual_seed(seed)
        model.train()
        inner = loss(model(batch[0][:32]), batch[1][:32], 0.0)
        found = torch.autograd.grad(inner, list(model.parameters()))
        moved = {n: w - 1e-5 * g for (n, w), g in zip(model.named_parameters(), found, strict=True)}
        model.eval()
        logits = torch.func.functional_call(model, moved, batch[0][32:])
        return loss(logits, batch[1][32:], 0.0).item()

    expected = (outer(0.32) - outer(0.28)) / 0.04
    assert gradient["hidden_dropout"] == pytest.approx(expected, rel=2e-2)


def digest(model) -> str:
    state = model.state_dict()
    return hashlib.sha256(b"".join(state[k].numpy().tobytes() for k in sorted(state))).hexdigest()


def test_leaves_weights_buffers_modes_optimizer_and_random_states_alone():
    import numpy as np
    import torch

    torch.manual_seed(1)
    model = torch.nn.Sequential(
        torch.nn.Linear(5, 6), torch.nn.BatchNorm1d(6), torch.nn.Dropout(0.5), torch.nn.Linear(6, 4)
    ).double()
    model[1].eval()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    batch = data()
    loss(model(batch[0]), batch[1], 0.0).backward()
    optimizer.step()
    before = digest(model), repr(optimizer.state_dict()), [m.training for m in model.modules()]
    grads = [p.grad.clone() for p in model.parameters()]
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tobytes()
    psi = {**PSI, "hidden_dropout": 0.5}
    gradient, _ = hypergradient(model, batch, psi, set_stochastic=set_dropout, warmup_steps=WARMUP)
    assert set(gradient) == set(psi)
    assert all(value != 0 for value in gradient.values())
    after = digest(model), repr(optimizer.state_dict()), [m.training for m in model.modules()]
    assert after == before
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), grads, strict=True))
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert np.random.get_state()[1].tobytes() == states[2]
    assert model[2].p == 0.5


def test_puts_everything_back_when_an_adapter_raises():
    import torch

    model, batch = mlp(), data()
    before, state, calls = digest(model), torch.get_rng_state(), []

    def failing(net, part):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("out of memory")
        return predict(net, part)

    from ohgw_tools.templates.hypergradient import one_shot_hypergradient

    with pytest.raises(RuntimeError, match="out of memory"):
        one_shot_hypergradient(model, batch, PSI, failing, loss)
    assert digest(model) == before
    assert torch.equal(torch.get_rng_state(), state)


def test_repeats_itself_bit_for_bit():
    model, batch = mlp(dropout=0.4), data()
    psi = {"log10_lr": -1.0, "hidden_dropout": 0.4}
    first, _ = hypergradient(model, batch, psi, set_stochastic=set_dropout)
    second, _ = hypergradient(model, batch, psi, set_stochastic=set_dropout)
    assert first == second


def test_tied_weights_and_dict_batches():
    import torch

    class Tied(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = torch.nn.Embedding(11, 6)
            self.head = torch.nn.Linear(6, 11, bias=False)
            self.head.weight = self.embed.weight

        def forward(self, ids):
            return self.head(self.embed(ids))

    torch.manual_seed(0)
    model = Tied().double()
    batch = {"input_ids": torch.arange(16).reshape(4, 4) % 11}

    def shifted(net, part):
        return net(part["input_ids"][:, :-1]).reshape(-1, 11), part["input_ids"][:, 1:].reshape(-1)

    from ohgw_tools.templates.hypergradient import one_shot_hypergradient

    gradient, _ = one_shot_hypergradient(model, batch, {"log10_lr": -1.0}, shifted, loss)
    h, ends = 1e-6, []
    for exponent in (-1.0 + h, -1.0 - h):
        inner = loss(*shifted(model, {"input_ids": batch["input_ids"][:2]}), 0.0)
        (g,) = torch.autograd.grad(inner, [model.embed.weight])
        moved = {"embed.weight": model.embed.weight - 10**exponent * g}
        ids = batch["input_ids"][2:]
        logits = torch.func.functional_call(model, moved, ids[:, :-1])
        ends.append(loss(logits.reshape(-1, 11), ids[:, 1:].reshape(-1), 0.0).item())
    assert gradient["log10_lr"] == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-5)


def test_warm_up_has_no_gradient_once_the_ramp_is_over():
    gradient, _ = hypergradient(mlp(), data(), {**PSI, "warmup_scale": 0.4}, warmup_steps=WARMUP)
    assert gradient["warmup_scale"] == 0.0
    assert gradient["log10_lr"] != 0.0


def test_values_that_are_not_searched_take_part_but_get_no_gradient():
    searched = {name: PSI[name] for name in ("log10_weight_decay", "label_smoothing")}
    fixed = {name: PSI[name] for name in PSI if name not in searched}
    model, batch = mlp(), data()
    whole, _ = hypergradient(model, batch, PSI, warmup_steps=WARMUP)
    part, _ = hypergradient(model, batch, searched, warmup_steps=WARMUP, fixed=fixed)
    assert part == pytest.approx({name: whole[name] for name in searched}, rel=1e-12)


def test_a_learning_rate_is_needed():
    with pytest.raises(ValueError, match="log10_lr"):
        hypergradient(mlp(), data(), {"momentum": 0.5})


def test_one_row_is_refused():
    with pytest.raises(ValueError, match="at least 2 rows"):
        hypergradient(mlp(), data(1), {"log10_lr": -1.0})


def test_works_in_single_precision_too():
    import torch

    exact, _ = hypergradient(mlp(), data(), PSI, warmup_steps=WARMUP)
    rough, _ = hypergradient(
        mlp(torch.float32), data(dtype=torch.float32), PSI, warmup_steps=WARMUP
    )
    assert rough == pytest.approx(exact, rel=1e-4)


class TestStep:
    def step(self, *args):
        from ohgw_tools.templates.hypergradient import ohgw_step

        return ohgw_step(*args)

    def test_moves_by_eta_times_gradient_and_linearly(self):
        psi, gradient = {"log10_lr": -3.0, "momentum": 0.9}, {"log10_lr": 2.0, "momentum": -0.01}
        once, twice = self.step(psi, gradient, 1.0), self.step(psi, gradient, 2.0)
        for name in psi:
            assert once[name] - psi[name] == pytest.approx(-gradient[name])
            assert twice[name] - psi[name] == pytest.approx(2 * (once[name] - psi[name]))

    def test_eta_zero_changes_nothing_even_outside_the_bounds(self):
        psi = {"log10_lr": -3.0}
        assert self.step(psi, {"log10_lr": 5.0}, 0.0, {"log10_lr": (0.0, 1.0)}) == psi

    def test_discrete_values_and_values_without_a_finite_gradient_stay(self):
        psi = {"num_layers": 6, "log10_lr": -3.0, "momentum": 0.9}
        moved = self.step(psi, {"log10_lr": float("nan"), "momentum": float("inf")}, 0.1)
        assert moved == psi
        assert isinstance(moved["num_layers"], int)

    def test_stays_inside_the_search_space(self):
        moved = self.step({"dropout": 0.01}, {"dropout": 1.0}, 0.1, {"dropout": (0.0, 0.3)})
        assert moved == {"dropout": 0.0}

"""What a warm start leaves alone: loaders, generators, buffers, groups of an optimizer; and models
that are not plain: frozen, tied, half-precise, sparse, normalised, in eval mode."""

from __future__ import annotations

import hashlib
import random
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.torch

PSI = {"log10_lr": -1.0, "log10_weight_decay": -2.0, "momentum": 0.5, "label_smoothing": 0.1}


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    import torch

    torch.set_num_threads(1)


def hypergradient(model, batch, psi=PSI, **more):
    from ohgw_tools.templates.adapters import predict_batch, set_stochastic, smoothed_loss
    from ohgw_tools.templates.hypergradient import one_shot_hypergradient

    more.setdefault("set_stochastic", set_stochastic)
    return one_shot_hypergradient(model, batch, psi, predict_batch, smoothed_loss, **more)


def batch(rows=12, features=5, classes=4, dtype=None):
    import torch

    generator = torch.Generator().manual_seed(5)
    inputs = torch.randn(rows, features, generator=generator, dtype=torch.float64)
    return inputs.to(dtype or torch.float64), torch.randint(
        0, classes, (rows,), generator=generator
    )


def digest(model) -> str:
    import torch

    state = [*model.parameters(), *model.buffers()]
    flat = [t.detach().reshape(-1).view(torch.uint8).numpy().tobytes() for t in state]
    return hashlib.sha256(b"".join(flat)).hexdigest()


def states(*generators):
    import numpy as np
    import torch

    own = [g.get_state().numpy().tobytes() for g in generators]
    python, numpy_state = random.getstate(), np.random.get_state()[1].tobytes()
    return torch.get_rng_state().numpy().tobytes(), python, numpy_state, own


def rows():
    """A dataset that draws from every global generator, as augmentations do."""
    import numpy as np
    import torch

    class Rows(torch.utils.data.Dataset):
        def __len__(self):
            return 40

        def __getitem__(self, place):
            noise = random.random() + np.random.rand() + torch.rand(5)
            return noise + place, torch.tensor(place % 4)

    return Rows()


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("own", [False, True], ids=["global generator", "its own generator"])
def test_a_loader_gives_afterwards_what_it_would_have_given(workers, own):
    import torch

    from ohgw_tools.templates.adapters import first_batch

    def epoch(warm):
        generator = torch.Generator().manual_seed(3) if own else None
        loader = torch.utils.data.DataLoader(
            rows(),
            batch_size=8,
            shuffle=True,
            num_workers=workers,
            persistent_workers=workers > 0,
            generator=generator,
        )
        torch.manual_seed(1)
        random.seed(1)
        held = [generator] if generator is not None else []
        before = states(*held)
        if warm:
            inputs, targets = first_batch(loader)
            assert inputs.shape == (8, 5)
            assert targets.shape == (8,)
            assert loader._iterator is None, "a worker that stays was seeded at another time"
        assert states(*held) == before
        return [targets.tolist() for _, targets in loader], [x.sum().item() for x, _ in loader]

    import numpy as np

    np.random.seed(1)
    plain = epoch(False)
    np.random.seed(1)
    assert epoch(True) == plain


def test_rows_that_come_in_no_batches_and_plain_lists_of_batches():
    import torch

    from ohgw_tools.templates.adapters import first_batch

    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter([torch.rand(3) for _ in range(6)])

    torch.manual_seed(0)
    before = states()
    loader = torch.utils.data.DataLoader(Stream(), batch_size=4)
    assert first_batch(loader).shape == (4, 3)
    assert first_batch([torch.ones(2), torch.zeros(2)]).tolist() == [1, 1]
    assert states() == before


def normalised():
    import torch

    torch.manual_seed(2)
    return torch.nn.Sequential(
        torch.nn.Linear(5, 6), torch.nn.BatchNorm1d(6), torch.nn.Tanh(), torch.nn.Linear(6, 4)
    ).double()


@pytest.mark.parametrize("mode", [True, False], ids=["training", "eval"])
@pytest.mark.parametrize("name", list(PSI))
def test_batch_norm_agrees_with_the_whole_look_ahead_differentiated_numerically(name, mode):
    """The look-ahead as functions of weights that are never put into the model."""
    import torch

    model, (inputs, targets) = normalised(), batch()
    model.train(mode)
    before = digest(model)
    gradient, _ = hypergradient(model, (inputs, targets))
    assert digest(model) == before
    assert all(module.training == mode for module in model.modules())

    def outer(psi):
        net = normalised()
        weights = dict(net.named_parameters())
        inner = torch.nn.functional.cross_entropy(
            net(inputs[:6]), targets[:6], label_smoothing=psi["label_smoothing"]
        )
        found = torch.autograd.grad(inner, list(weights.values()))
        scale = 10 ** psi["log10_lr"] / (1 - psi["momentum"])
        decay = 10 ** psi["log10_weight_decay"]
        moved = {
            key: w - scale * (g + decay * w)
            for (key, w), g in zip(weights.items(), found, strict=True)
        }
        logits = torch.func.functional_call(net, moved, inputs[6:])
        return torch.nn.functional.cross_entropy(logits, targets[6:]).item()

    h = 1e-5
    expected = (outer({**PSI, name: PSI[name] + h}) - outer({**PSI, name: PSI[name] - h})) / (2 * h)
    assert abs(expected) > 1e-5
    assert gradient[name] == pytest.approx(expected, rel=1e-5)


def test_buffers_that_a_forward_pass_replaces_are_put_back():
    import torch

    class Average(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(5, 4)
            self.register_buffer("mean", torch.zeros(5))
            self.register_buffer("calls", None)

        def forward(self, x):
            self.mean = 0.9 * self.mean + 0.1 * x.detach().mean(dim=0)
            self.calls = torch.ones(1)
            return self.linear(x - self.mean)

    torch.manual_seed(0)
    model = Average().double()
    held = model.mean
    hypergradient(model, batch())
    assert model.mean is held
    assert model.mean.abs().sum() == 0
    assert model.calls is None


def test_frozen_weights_take_no_part():
    import torch

    def net(frozen):
        torch.manual_seed(0)
        first = torch.nn.Linear(5, 6)
        first.requires_grad_(not frozen)
        return torch.nn.Sequential(first, torch.nn.Tanh(), torch.nn.Linear(6, 4)).double()

    model = net(frozen=True)
    before = digest(model)
    gradient, _ = hypergradient(model, batch())
    assert digest(model) == before
    assert all(p.grad is None for p in model.parameters())
    # The same head on features that are computed beforehand.
    inputs, targets = batch()
    with torch.no_grad():
        features = torch.tanh(model[0](inputs))
    alone, _ = hypergradient(model[2], (features, targets))
    assert gradient == pytest.approx(alone, rel=1e-9)
    assert gradient != pytest.approx(hypergradient(net(frozen=False), batch())[0], rel=1e-3)


@pytest.mark.parametrize(("kind", "rel"), [("bfloat16", 0.15), ("float16", 0.03)])
def test_half_precision_points_the_same_way_and_stays_bit_identical(kind, rel):
    import torch

    def net(dtype):
        torch.manual_seed(0)
        layers = torch.nn.Linear(5, 6), torch.nn.Tanh(), torch.nn.Linear(6, 4)
        return torch.nn.Sequential(*layers).to(dtype)

    model = net(getattr(torch, kind))
    before = digest(model)
    gradient, _ = hypergradient(model, batch(dtype=getattr(torch, kind)))
    assert digest(model) == before
    exact, _ = hypergradient(net(torch.float64), batch())
    assert gradient == pytest.approx(exact, rel=rel, abs=2e-3)


def test_sparse_gradients_count_as_the_dense_ones():
    import torch

    def net(sparse):
        torch.manual_seed(0)
        table = torch.nn.Embedding(9, 6, sparse=sparse)
        return torch.nn.Sequential(table, torch.nn.Flatten(), torch.nn.Linear(18, 4)).double()

    places = torch.arange(36).reshape(12, 3) % 9
    found = [hypergradient(net(s), (places, batch()[1]))[0] for s in (True, False)]
    assert found[0] == pytest.approx(found[1], rel=1e-12)


def test_a_dropout_near_one_is_differenced_below_one():
    import torch

    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(5, 64), torch.nn.Dropout(0.99), torch.nn.Linear(64, 4)
    )
    psi = {"log10_lr": -1.0, "dropout": 0.99}
    _, report = hypergradient(model.double(), batch(), psi)
    assert report["method"]["dropout"] == "finite_difference"
    assert model[1].p == 0.99


def test_groups_of_an_optimizer_keep_their_ratios():
    import torch

    from ohgw_tools.templates import adapters, hypergradient
    from ohgw_tools.templates.warm_start import move_hyperparameters

    torch.manual_seed(0)
    model = torch.nn.Linear(5, 4).double()
    groups = [
        {"params": [model.weight], "lr": 0.1, "weight_decay": 0.01},
        {"params": [model.bias], "lr": 0.02, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    mdl = SimpleNamespace(**{**vars(adapters), **vars(hypergradient)})
    report = move_hyperparameters(model, [batch()], "cpu", 1.0, optimizer, mdl)
    first, second = optimizer.param_groups
    assert first["lr"] == pytest.approx(10 ** report["after"]["log10_lr"])
    assert first["lr"] != pytest.approx(0.1, rel=1e-6)
    assert second["lr"] == pytest.approx(first["lr"] / 5)
    assert first["weight_decay"] != 0.01
    assert second["weight_decay"] == 0.0, "a group without weight decay stays without"
    assert first["momentum"] == second["momentum"] != 0.9
    kept = [dict(group) for group in optimizer.param_groups]
    move_hyperparameters(model, [batch()], "cpu", 0.0, optimizer, mdl)
    assert [dict(group) for group in optimizer.param_groups] == kept

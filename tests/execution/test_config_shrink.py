"""The full configuration, cut: sizes shrink, everything else is as it was."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ohgw_tools.running.config_shrink import shrink, shrink_files

FULL = """
runs:
  - run_id: pasha-ohgw
    seed: 42
    dataset: {name: WIKITEXT_103, seq_len: 1024, noise_ratio: 0.15, num_workers: 4}
    model: {name: gpt2, n_layer: 12, n_embd: 768}
    optimizer: {lr: 5.0e-4, betas: [0.9, 0.95]}
    training: {batch_size: 64, epochs: 50, use_amp: true}
    search: {n_trials: 100, replicates: 24}
"""


def test_sizes_are_cut_and_nothing_else():
    text, cuts = shrink(FULL)
    (run,) = yaml.safe_load(text)["runs"]
    assert run["training"] == {"batch_size": 2, "epochs": 1, "use_amp": True}
    assert run["dataset"] == {
        "name": "WIKITEXT_103",
        "seq_len": 32,
        "noise_ratio": 0.15,
        "num_workers": 0,
    }
    assert run["search"] == {"n_trials": 4, "replicates": 1}
    (before,) = yaml.safe_load(FULL)["runs"]
    for key in ("run_id", "seed", "model", "optimizer"):
        assert run[key] == before[key]
    assert "runs.0.training.epochs: 50 -> 1" in map(str, cuts)


def test_epochs_leave_room_for_the_least_resource():
    text, _ = shrink("epochs: 81\nmin_resource: 3\n")
    assert yaml.safe_load(text) == {"epochs": 6, "min_resource": 3}


def test_small_sizes_stay():
    assert shrink("epochs: 1\nbatch_size: 2\n")[1] == ()


def test_a_file_that_is_not_yaml_is_named():
    told = []
    files, cuts = shrink_files(
        {"a.yaml": b"a: [", "b.yaml": b"epochs: 9"},
        ("a.yaml", "b.yaml"),
        lambda path, why: told.append(path),
    )
    assert (told, files["a.yaml"]) == (["a.yaml"], b"a: [")
    assert cuts == ("b.yaml: epochs: 9 -> 1",)


KEYS = st.sampled_from(["epochs", "lr", "name", "batch_size", "layers", "seeds", "x"])
VALUES = st.recursive(
    st.integers(0, 10**6) | st.booleans() | st.text("abc", max_size=4) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, min_size=1))
def test_cutting_keeps_the_shape_and_grows_nothing(config):
    text, _ = shrink(yaml.safe_dump(config, sort_keys=False))
    after = yaml.safe_load(text)
    _compare(config, after)
    assert shrink(text)[1] == ()


def _compare(before, after):
    if isinstance(before, dict):
        assert list(before) == list(after)
        for key in before:
            if key == "seeds" and isinstance(before[key], list):
                before = {**before, key: before[key][:1]}
            _compare(before[key], after[key])
    elif isinstance(before, list):
        assert len(before) == len(after)
        for old, new in zip(before, after, strict=True):
            _compare(old, new)
    elif isinstance(before, int) and not isinstance(before, bool):
        assert after <= before
    else:
        assert after == before


def test_a_bomb_of_aliases_is_refused_at_once():
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12))
    with pytest.raises(ValueError, match=r"."):
        shrink(f"l0: &l0 [x]\n{levels}\n")
    with pytest.raises(ValueError, match=r"."):
        shrink("a: &a [*a]\n")

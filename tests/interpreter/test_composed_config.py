"""Configurations that Hydra composes: groups, overrides, struct mode."""

import pytest

from ohgw_tools.bundle import Bundle, Experiment
from ohgw_tools.contract import Contract
from ohgw_tools.interpreter import interpret
from ohgw_tools.subject import Subject

MAIN = """
import hydra
from omegaconf import OmegaConf

@hydra.main(version_base=None, config_path="../config", config_name="config")
def main(cfg):
{body}

if __name__ == "__main__":
    main()
"""
CONFIG = "defaults:\n  - run: baseline\n  - _self_\nmode: full\ntraining: {epochs: 5}\n"
RUNS = {
    "baseline": "run_id: baseline\ndataset: {name: cifar10}\noptim: {lr: 0.1}\n",
    "ours": "run_id: ours\ndataset: {name: cifar100}\noptim: {lr: 0.2, eta: 0.3}\n",
}


def _found(*lines):
    derived = {"src/main.py": MAIN.format(body="\n".join(f"    {line}" for line in lines))}
    derived["config/config.yaml"] = CONFIG
    derived |= {f"config/run/{name}.yaml": text for name, text in RUNS.items()}
    experiment = Experiment(id="e", run_variations=tuple(RUNS))
    bundle = Bundle(base={}, derived=derived, experiment=experiment)
    return interpret(Subject(bundle, Contract.load("hydra")))


def _crashes(*lines):
    full = [e for e in _found(*lines).exceptions if e.launch.program == "full"]
    return [(e.exception, e.launch.run_id) for e in full]


@pytest.mark.parametrize(
    ("line", "runs"),
    [
        ("cfg.run.optim.lr * 2", []),
        ("cfg.run.optim.eta", ["baseline"]),
        ("cfg.optim", ["baseline", "ours"]),
        ("cfg.run.optim.get('eta', 0.0) + 1", []),
        ("cfg.training.epochs + 1", []),
    ],
)
def test_keys_that_a_run_lacks_are_known_for_that_run(line, runs):
    assert _crashes(line) == [("ConfigAttributeError", r) for r in runs]


def test_the_command_line_overrides_files():
    assert (
        _crashes("assert cfg.mode == 'full'", "assert cfg.run.run_id in ('baseline', 'ours')") == []
    )
    smoke = _found("assert cfg.mode == 'full'").exceptions
    assert {e.launch.program for e in smoke} == {"smoke"}


def test_keys_may_be_added_once_struct_mode_is_off():
    assert _crashes("OmegaConf.set_struct(cfg, False)", "cfg.new = 1", "cfg.other") == []


def test_what_is_read_is_known_by_file_and_key():
    use = _found("cfg.run.optim.lr * 2").config("config/run/ours.yaml")
    assert ("optim", "lr") in use.reads
    assert ("optim", "eta") not in use.reads

"""Loops over many known values: a few rounds are run, the rest count as one."""

import textwrap

from interpreted import raised, run

from ohgw_tools.interpreter.process import Process

WORK = "".join(f"    total = total + {n}\n" for n in range(120))
REPLICATE = f"seen = []\ndef replicate(seed):\n    total = seed\n{WORK}    seen.append(total)\n"
SEEDS = "seeds: [" + ", ".join(map(str, range(24))) + "]\n"
READ = "import yaml\nconfig = yaml.safe_load(open('config/full_experiment.yaml'))\n"


def _steps(code, monkeypatch) -> int:
    taken = []
    before = Process.run

    def counted(process):
        result = before(process)
        taken.append(process.steps)
        return result

    monkeypatch.setattr(Process, "run", counted)
    run(code, SEEDS)
    return max(taken)


def test_replicates_by_seed_are_not_walked_one_by_one(monkeypatch):
    loop = READ + REPLICATE + "for seed in config['seeds']:\n    replicate(seed)\n"
    listed = READ + REPLICATE + "[replicate(seed) for seed in config['seeds']]\n"
    alone = READ + REPLICATE + "replicate(0)\n"
    one = _steps(alone, monkeypatch)
    assert _steps(loop, monkeypatch) < 8 * one
    assert _steps(listed, monkeypatch) < 8 * one


def test_what_the_other_rounds_would_have_done_is_not_known():
    tail = "if len(seen) < 24:\n    raise ValueError('too few')\nprint(seen[23])\n"
    loop = READ + REPLICATE + "for seed in config['seeds']:\n    replicate(seed)\n"
    assert not raised(loop + tail, SEEDS)
    listed = READ + REPLICATE + "[replicate(seed) for seed in config['seeds']]\n"
    assert not raised(listed + tail, SEEDS)


def test_a_crash_of_every_round_is_still_certain():
    code = (
        READ
        + REPLICATE
        + textwrap.dedent("""
        def broken(seed):
            replicate(seed)
            raise RuntimeError(config["method"])
        for seed in config["seeds"]:
            broken(seed)
        """)
    )
    assert "KeyError" in {exception for exception, _ in raised(code, SEEDS)}


def test_names_are_walked_one_by_one_though_their_rounds_are_long():
    names = "names: [" + ", ".join(f"data_{n}" for n in range(12)) + "]\n"
    code = (
        READ
        + REPLICATE
        + textwrap.dedent("""
        for name in config["names"]:
            replicate(1)
            if name == "data_11":
                raise NotImplementedError(name)
        """)
    )
    assert "NotImplementedError" in {exception for exception, _ in raised(code, names)}

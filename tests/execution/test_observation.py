"""The observer: sees what a program does, changes nothing of it, and is not believed blindly."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

from ohgw_tools import observe
from ohgw_tools.running.observation import observation
from ohgw_tools.sandbox import Execution


@pytest.fixture
def run(tmp_path):
    """Run code with or without the observer; the code is ours, so no sandbox is needed."""
    startup = observe.startup_directory(tmp_path / "cache" / "env")

    def call(code, observed=True, files=None):
        work = tmp_path / ("observed" if observed else "plain")
        work.mkdir()
        for name, text in {"program.py": textwrap.dedent(code), **(files or {})}.items():
            (work / name).write_text(text)
        variables = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"}
        if observed:
            variables |= observe.environment(startup, "nonce")
        process = subprocess.run(
            [sys.executable, "-m", "program"],
            cwd=work,
            env=variables,
            capture_output=True,
            text=True,
        )
        artifacts = {
            str(path.relative_to(work)): path.read_bytes()
            for path in work.rglob("*")
            if path.is_file() and path.name not in {"program.py", *(files or {})}
        }
        execution = Execution(
            backend="none",
            outcome="exited",
            exit_code=process.returncode,
            artifacts=artifacts,
            wall_ms=3_600_000,
        )
        return process, execution

    return call


def names(seen):
    return {function.name for function in seen.functions}


def test_functions_files_seeds_hosts_and_commands(run):
    _, execution = run(
        """
        import random, socket, subprocess, sys

        class Model:
            def step(self): return 1

        def never(): pass

        random.seed(7)
        Model().step()
        print(open("data.txt").read(), file=open("out.txt", "w"))
        subprocess.run([sys.executable, "-c", "open('child.txt', 'w')"])
        try: socket.create_connection(("127.0.0.1", 9))
        except OSError: pass
        """,
        files={"data.txt": "x"},
    )
    seen = observation(execution, "nonce")
    assert seen.doubts == ()
    assert seen.complete
    assert {"<module>", "Model.step"} <= names(seen)
    assert "never" not in names(seen)
    assert seen.seeds == ("random:7",)
    assert any(host.startswith("127.0.0.1") for host in seen.hosts)
    assert seen.processes == 2
    assert "open('child.txt', 'w')" in seen.commands[0]
    assert {path.rpartition("/")[2] for path in seen.written} == {"out.txt", "child.txt"}
    assert {path.rpartition("/")[2] for path in seen.read} == {"data.txt"}
    assert seen.peak_bytes > 1 << 20


NEUTRAL = """
    import builtins, copy, inspect, json, os, pickle, random, sys, threading
    import yaml

    def traced(): return sys._getframe().f_lineno

    config = yaml.safe_load("a: {b: [1, 2.5, null], c: x}")
    print(type(config), type(config["a"]), json.dumps(config), yaml.safe_dump(config))
    print(pickle.dumps(config), copy.deepcopy(config) == config)
    print(inspect.signature(random.seed), random.seed.__module__, random.seed.__name__)
    print([p for p in sys.path], sorted(set(vars(builtins)) - {"__warningregistry__"})[:5])
    print(type(sys.modules["yaml"].__loader__), type(yaml.__spec__.loader), traced())
    print(open("made.txt", "w").fileno(), sorted(os.listdir("."))[-1])
    thread = threading.Thread(target=lambda: print(traced()))
    thread.start(); thread.join()
    random.seed(3)
    print(random.random())
    import nowhere
"""


def test_the_program_does_not_change(run):
    seen, _ = run(NEUTRAL)
    plain, _ = run(NEUTRAL, observed=False)
    assert seen.returncode == plain.returncode == 1
    assert seen.stdout.replace("/observed", "/plain") == plain.stdout
    assert seen.stderr.replace("/observed", "/plain") == plain.stderr


def test_forked_workers_write_records_of_their_own(run):
    _, execution = run(
        """
        import multiprocessing

        def work(number): return number * 2

        if __name__ == "__main__":
            multiprocessing.set_start_method("fork")
            with multiprocessing.Pool(2) as pool:
                print(pool.map(work, range(4)))
        """
    )
    seen = observation(execution, "nonce")
    assert "work" in names(seen)
    assert seen.processes == 3
    assert seen.doubts == ()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda a: {}, "no process left a record"),
        (lambda a: {p: c.replace(b'"random", 1', b'"random", 2') for p, c in a.items()}, "altered"),
        (lambda a: {p: c[: len(c) // 2] for p, c in a.items()}, "altered"),
        (lambda a: {p: b"".join(c.splitlines(True)[:-1]) for p, c in a.items()}, "no record of it"),
        (lambda a: dict.fromkeys(a, b"\xff\x00[" * 50 + b"\n"), "altered"),
        (lambda a: {**a, "results/r.json": b"{}"}, "no record says by whom"),
    ],
)
def test_records_that_do_not_hold_are_doubted(run, damage, words):
    _, execution = run("import random\nrandom.seed(1)\n")
    assert observation(execution, "nonce").doubts == ()
    changed = execution.model_copy(update={"artifacts": damage(execution.artifacts)})
    seen = observation(changed, "nonce")
    assert any(words in doubt for doubt in seen.doubts)
    assert not seen.complete


def test_more_time_than_passed_is_doubted(run):
    _, execution = run("import time\ntime.sleep(1.2)\n")
    seen = observation(execution.model_copy(update={"wall_ms": 100}), "nonce")
    assert seen.doubts == ("more time is recorded than the sandbox saw pass",)


def test_records_of_another_run_are_not_taken(run):
    _, execution = run("pass")
    assert "altered" in observation(execution, "other").doubts[0]


def test_the_hook_of_the_environment_still_runs(run):
    process, _ = run("pass", files={"sitecustomize.py": ""})
    assert process.returncode == 0


def test_the_copy_is_mended_when_somebody_alters_it(tmp_path):
    place = observe.startup_directory(tmp_path / "env")
    hook = place / "sitecustomize.py"
    good = hook.read_text()
    hook.write_text("raise SystemExit")
    assert observe.startup_directory(tmp_path / "env") == place
    assert hook.read_text() == good
    assert hook.stat().st_mode & 0o777 == 0o644


def test_optimizers_are_counted_where_torch_is_there(run):
    """A stand-in with the hook of torch.optim.optimizer; the real one runs in test_seed_run."""
    _, execution = run(
        """
        import os
        os.makedirs("torch/optim")
        open("torch/__init__.py", "w"); open("torch/optim/__init__.py", "w")
        open("torch/optim/optimizer.py", "w").write(
            "HOOKS = []\\n"
            "def register_optimizer_step_post_hook(hook): HOOKS.append(hook)\\n"
        )
        import importlib
        importlib.invalidate_caches()
        from torch.optim import optimizer
        class Weight:
            def numel(self): return 3
        class SGD:
            param_groups = [{"lr": 0.1, "params": [Weight()]}]
        one = SGD()
        for _ in range(5):
            optimizer.HOOKS[0](one, (), {})
        """
    )
    (seen,) = observation(execution, "nonce").optimizers
    assert (seen.name, seen.steps) == ("SGD", 5)
    assert seen.settings == {"lr": 0.1, "parameters": 3}
    assert json.dumps(observation(execution, "nonce").summary())

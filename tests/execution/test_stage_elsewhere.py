"""The stage gives the same verdict in every sandbox: as root and as an ordinary user with
bubblewrap, and in Docker.
"""

import sys
from pathlib import Path

import pytest
from execution_bundle import make

sys.path.insert(0, str(Path(__file__).parent.parent / "sandbox"))
from sandbox_place import Place

from ohgw_tools import observe
from ohgw_tools.contract import Contract
from ohgw_tools.running import smoke
from ohgw_tools.running.smoke import run_stage

CONTRACT = Contract.load("base-derived")
MAIN = """\
import json
import sys
from pathlib import Path

from src.train import train

RUN = {"seed": 1, "dataset": {"name": "hum", "noise": 0}, "model": {"name": "lstm"}}


def main():
    results = Path(sys.argv[sys.argv.index("--results-dir") + 1])
    (results / "images").mkdir(parents=True)
    for name in ("alpha", "beta"):
        folder = results / name
        folder.mkdir()
        (folder / "stdout.log").write_text("")
        (folder / "stderr.log").write_text("")
        (folder / "results.json").write_text(json.dumps(train({**RUN, "run_id": name})))
    (results / "images" / "loss.pdf").write_bytes(b"%PDF-1.4\\n")


if __name__ == "__main__":
    main()
"""
LIMITS = {
    "wall_seconds": 30,
    "memory_bytes": 256 << 20,
    "work_bytes": 48 << 20,
    "file_bytes": 40 << 20,
    "processes": 64,
}
FORKING = "[__import__('os').fork() or __import__('time').sleep(9) for _ in range(500)]"
THREADS = (
    "\n    import threading, time\n    for _ in range(500):"
    "\n        threading.Thread(target=time.sleep, args=(9,), daemon=True).start()"
)
FILLING = "[open(f'big{n}', 'wb').write(bytes(8 << 20)) for n in range(20)]"
TAMPERING = (
    "\n    import os\n    for name in os.listdir('.ohgw-observation'):"
    "\n        open('.ohgw-observation/' + name, 'w').write('[]')"
)
# What the program does, how the stage takes it, and limits that differ.
CASES = {
    "passing": ("pass", "pass", [], {}),
    "crash": ("raise ValueError('odd')", "fail", [("smoke-crash", "src/train.py:7:5")], {}),
    "segfault": (
        "import ctypes; ctypes.string_at(0)",
        "fail",
        [("smoke-crash", "src/train.py:7:5")],
        {},
    ),
    "timeout": (
        "\n    while True: pass",
        "fail",
        [("smoke-timeout", "src/train.py:8:5")],
        {"wall_seconds": 2},
    ),
    "memory": (
        "x = b'x' * (600 << 20); y = bytearray(x)",
        "fail",
        [("out-of-memory", None)],
        {},
    ),
    "disk": (FILLING, "fail", [("disk-full", "src/train.py:7:5")], {}),
    "processes": (FORKING, "fail", [("too-many-processes", None)], {}),
    "threads": (THREADS, "fail", [("too-many-processes", None)], {}),
    "flood": (
        "[print('y' * 999) for _ in iter(int, 1)]",
        "fail",
        [("output-flood", "(bundle)")],
        {"output_bytes": 64 << 10},
    ),
    "network": (
        "__import__('socket').create_connection(('192.0.2.1', 9))",
        "undecided",
        [],
        {},
    ),
    "tampering": (TAMPERING, "pass", [], {}),
}


@pytest.fixture(
    scope="module",
    params=[
        "bubblewrap",
        pytest.param("bubblewrap-ordinary-user", marks=pytest.mark.root),
        pytest.param("docker", marks=pytest.mark.docker),
    ],
)
def place(request):
    made = Place(request.param)
    yield made
    made.close()


@pytest.fixture
def judge(place, tmp_path, monkeypatch):
    """Run the stage with a program that needs the standard library alone."""
    # The observer's copy must lie where any user can read it.
    folder = Path(f"/tmp/ohgw-observer-{tmp_path.parent.name}") / "env"
    monkeypatch.setattr(smoke, "startup_directory", lambda _: observe.startup_directory(folder))

    def run(body, limits):
        program = CONTRACT.smoke.model_copy(
            update={"limits": CONTRACT.smoke.limits.model_copy(update={**LIMITS, **limits})}
        )
        bundle = make(body, files={"src/main.py": MAIN}, dependencies="[]")
        contract = CONTRACT.model_copy(update={"smoke": program})
        return run_stage(bundle, contract, place.sandbox, interpreter=place.interpreter)

    return run


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_is_the_same(judge, place, name):
    body, status, expected, limits = CASES[name]
    verdict = judge(body, limits)
    assert verdict.status == status, [f.message for f in verdict.errors]
    assert ("--allow-host" in verdict.reason) == (name == "network")
    found = [(f.rule, f.place) for f in verdict.errors]
    assert [rule for rule, _ in found] == [rule for rule, _ in expected], verdict.errors
    for (_, seen), (_, wanted) in zip(found, expected, strict=True):
        assert wanted in (None, seen)
    assert verdict.facts["sandbox"] == place.sandbox.name
    tampered = [f for f in verdict.findings if f.rule == "observation-tampered"]
    assert bool(tampered) == (name == "tampering")
    if name == "passing":
        seen = verdict.facts["observed"]["smoke"]
        assert (seen["complete"], seen["seeds"], seen["doubts"]) == (True, ["random:1"], [])

"""The sandbox stage on small bundles, for real: each ending is a finding of its own."""

import sys
import threading

import pytest
from execution_bundle import MAIN, config, make

from ohgw_tools.contract import Contract
from ohgw_tools.environments.interpreter_probe import given
from ohgw_tools.running.smoke import run_stage
from ohgw_tools.sandboxes import bubblewrap

CONTRACT = Contract.load("base-derived")


@pytest.fixture(scope="module")
def sandbox():
    return bubblewrap.create()


@pytest.fixture(scope="module")
def interpreter():
    return given(sys.executable)


@pytest.fixture
def stage(sandbox, interpreter, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def run(bundle, contract=CONTRACT, **options):
        return run_stage(bundle, contract, sandbox, interpreter=interpreter, **options)

    return run


def limited(**limits):
    smaller = CONTRACT.smoke.limits.model_copy(update=limits)
    return CONTRACT.model_copy(
        update={"smoke": CONTRACT.smoke.model_copy(update={"limits": smaller})}
    )


def errors(verdict):
    return [(f.rule, f.place) for f in verdict.errors]


def test_a_good_bundle_passes_and_the_run_is_described(stage):
    verdict = stage(make())
    assert (verdict.status, verdict.errors) == ("pass", ())
    assert [step["name"] for step in verdict.facts["steps"]] == ["import-probe", "smoke"]
    assert verdict.facts["sandbox"] == "bubblewrap"
    assert verdict.facts["wall_ms"] > 0
    assert b'"run_id": "alpha"' in verdict.blobs["smoke/results/alpha/results.json"]


@pytest.mark.parametrize(
    ("body", "rule", "place", "words"),
    [
        ("raise ValueError('odd')", "smoke-crash", "src/train.py:7:5", "ValueError: odd"),
        ("sys = __import__('sys'); sys.exit(4)", "smoke-crash", "(bundle)", "exit code 4"),
        ("import ctypes; ctypes.string_at(0)", "smoke-crash", "src/train.py:7:5", "Segmentation"),
        ("import zymurgy", "dependency-missing", "src/train.py:7:5", "zymurgy"),
        ("open('big', 'wb').write(bytes(900 << 20))", "disk-full", "src/train.py:7:5", "Errno 27"),
        ("[print('y' * 999) for _ in iter(int, 1)]", "output-flood", "(bundle)", "without end"),
        ("return {'loss': float('nan')}", "result-not-finite", "(bundle)", "loss is nan"),
        ("return {'loss': 'low'}", "result-empty", "(bundle)", "no number"),
    ],
)
def test_each_ending_has_its_rule_and_its_line(stage, body, rule, place, words):
    verdict = stage(make(body))
    assert verdict.status == "fail"
    assert (rule, place) in errors(verdict)
    assert any(words in f.message for f in verdict.errors)
    assert all(f.criterion in CONTRACT.criteria for f in verdict.findings)


def test_memory_and_time_have_rules_of_their_own(stage):
    contract = limited(memory_bytes=256 << 20, wall_seconds=3)
    assert errors(stage(make("x = bytearray(1 << 30)"), contract))[0][0] == "out-of-memory"
    forever = stage(make("\n    while True: pass"), contract)
    assert errors(forever) == [("smoke-timeout", "src/train.py:8:5")]
    assert "line 8 in train" in forever.errors[0].evidence[1].quote


def test_a_child_that_never_ends_is_named_and_not_its_waiting_parent(stage):
    words = '"from src.train import train; train({})"'
    call = f"subprocess.call([sys.executable, '-c', {words}])"
    files = {
        "src/main.py": MAIN.replace("folder.mkdir()", call),
        "src/train.py": "def train(run):\n    while True:\n        pass\n",
    }
    verdict = stage(make(files=files), limited(wall_seconds=3))
    ((rule, place),) = errors(verdict)
    assert rule == "smoke-timeout"
    assert place.startswith("src/train.py:")


def test_a_failing_child_is_the_cause_and_its_parent_the_consequence(stage):
    child = (
        'if subprocess.call([sys.executable, "-c", '
        '"from src.train import train; train({})"]) != 0:\n'
        '            raise RuntimeError("run alpha failed with exit code 1")'
    )
    main = MAIN.replace("folder.mkdir()", child)
    verdict = stage(make("raise KeyError('psi')", files={"src/main.py": main}))
    assert [f.place for f in verdict.errors] == ["src/train.py:5:5"]
    assert "KeyError" in verdict.errors[0].message


def test_a_traceback_in_a_log_of_the_bundle_names_the_line(stage):
    main = MAIN.replace(
        "folder.mkdir()",
        "folder.mkdir()\n"
        '        log = open(folder / "worker.log", "w")\n'
        '        words = "from src.train import train; train({})"\n'
        "        if subprocess.call([sys.executable, '-c', words], stderr=log):\n"
        '            sys.exit("a run failed")',
    )
    verdict = stage(make("pass", files={"src/main.py": main}))
    assert [(f.rule, f.place) for f in verdict.errors] == [("smoke-crash", "src/train.py:5:5")]
    assert verdict.errors[0].evidence[1].path == "results/alpha/worker.log"


def test_modules_that_cannot_be_imported_stop_the_stage(stage):
    files = {
        "src/model.py": "def forward(:\n",
        "src/data.py": "import sys\nsys.exit(3)\n",
        "src/plots.py": "import os\nos._exit(0)\n",
    }
    verdict = stage(make(files=files))
    assert errors(verdict) == [
        ("import-failed", "src/data.py:2:1"),
        ("import-failed", "src/model.py:1:1"),
        ("import-failed", "src/plots.py:1:1"),
    ]
    assert len(verdict.facts["steps"]) == 1


def test_an_option_that_is_not_known_is_quoted(stage):
    main = MAIN.replace('"--smoke-test"', '"--smoke"').replace("smoke_test else", "smoke else")
    verdict = stage(make(files={"src/main.py": main}))
    assert "unrecognized arguments: --smoke-test" in verdict.errors[0].message


def test_a_green_run_of_something_else_fails(stage):
    smoke = "runs:\n  - run_id: tiny\n    seed: 1\n    dataset: {name: RANDOM_PLACEHOLDER}\n"
    smoke += "    model: {name: lstm}\n"
    verdict = stage(make(smoke=smoke))
    assert {f.rule for f in verdict.errors} == {"variation-not-run", "dataset-not-run"}
    assert {f.data.get("variation") for f in verdict.errors} == {"alpha", "beta", None}
    assert all(f.place.startswith("config/smoke_test.yaml:") for f in verdict.errors)


def test_another_real_dataset_is_a_warning(stage):
    verdict = stage(make(smoke=config("alpha", "beta").replace("hum", "wikitext-2")))
    assert verdict.status == "pass"
    assert ("dataset-not-run", "warning") in {(f.rule, f.severity) for f in verdict.findings}


def test_a_smoke_suffix_still_names_its_variation(stage):
    assert stage(make(smoke=config("alpha-smoke", "beta_smoke"))).errors == ()


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('"%PDF-1.4\\n"', '""', "figure-empty"),
        ('"%PDF-1.4\\n"', '"PNG"', "figure-empty"),
        ('"loss.pdf"', '"loss.svg"', "figure-missing"),
        ("json.dumps(train(run))", '"{"', "result-unreadable"),
        ("json.dumps(train(run))", '"[" * 100000', "result-unreadable"),
        ('"results.json").write_text', '"result.json").write_text', "result-missing"),
        ('"stderr.log").write_text("")', '"x.log").write_text("")', "log-missing"),
    ],
)
def test_what_a_green_run_must_leave(stage, old, new, rule):
    assert old in MAIN
    verdict = stage(make(files={"src/main.py": MAIN.replace(old, new)}))
    assert rule in {f.rule for f in verdict.errors}


def test_results_behind_a_link_are_refused_with_the_reason(stage):
    line = '(folder / "results.json").write_text(json.dumps(train(run)))'
    link = '(folder / "results.json").symlink_to("/etc/passwd")'
    verdict = stage(make(files={"src/main.py": MAIN.replace(line, link)}))
    missing = [f for f in verdict.errors if f.rule == "result-missing"]
    assert missing
    assert "a symbolic link" in missing[0].message
    assert not any(b"root:" in content for content in verdict.blobs.values())


def test_a_program_that_wants_the_network_is_undecided(stage):
    body = "import urllib.request; urllib.request.urlopen('http://data.example.org/x')"
    verdict = stage(make(body))
    assert verdict.status == "undecided"
    assert "--allow-host" in verdict.reason


def test_a_wish_for_the_network_does_not_excuse_other_faults(stage):
    bad = {"src/model.py": "import zymurgy\n"}
    assert stage(make("import socket", files=bad)).status == "fail"


def test_a_caught_error_in_a_log_is_a_warning(stage):
    body = "\n    try: 1 / 0\n    except ZeroDivisionError: __import__('traceback').print_exc()"
    verdict = stage(make(body))
    assert verdict.status == "pass"
    assert ("error-in-log", "warning") in {(f.rule, f.severity) for f in verdict.findings}


def test_a_key_that_no_code_that_ran_names_is_a_warning(stage):
    verdict = stage(make())
    unread = [f for f in verdict.findings if f.rule == "config-key-never-read"]
    assert [(f.data["key"], f.place) for f in unread] == [("noise", "config/smoke_test.yaml:4:26")]
    assert not any(
        f.rule == "config-key-never-read" for f in stage(make("run['noise'] if 0 else 0")).findings
    )


def test_what_was_caught_before_a_crash_is_not_what_it_died_of(stage):
    body = (
        "\n    try: import zymurgy\n    except ImportError: __import__('traceback').print_exc()"
        "\n    raise ValueError('the real one')"
    )
    verdict = stage(make(body))
    assert [(f.rule, f.place) for f in verdict.errors] == [("smoke-crash", "src/train.py:10:5")]
    assert ("error-in-log", "src/train.py:8:5") in {(f.rule, f.place) for f in verdict.findings}


def test_cancelling_is_not_a_verdict(stage):
    from ohgw_tools.errors import RunCancelled

    cancel = threading.Event()
    threading.Timer(0.5, cancel.set).start()
    with pytest.raises(RunCancelled):
        stage(make("\n    while True: pass"), cancel=cancel)

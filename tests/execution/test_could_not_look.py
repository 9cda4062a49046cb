"""What the sandbox stage says when it could not look: undecided, with what to do, never a fail."""

import pytest
from execution_bundle import make

from ohgw_tools.contract import Contract
from ohgw_tools.environments.environment import EnvironmentOptions
from ohgw_tools.errors import SandboxFailed, SandboxUnavailable
from ohgw_tools.running.smoke import run_stage
from ohgw_tools.sandbox import Execution, Interpreter, Output

CONTRACT = Contract.load("base-derived")
INTERPRETER = Interpreter(executable="/opt/py/bin/python", prefixes=("/opt/py",), key="made-up")


class Replies:
    """A sandbox that gives recorded executions, or raises recorded errors, one after the other."""

    name = "replies"

    def __init__(self, *replies):
        self.replies = list(replies)
        self.asked = []

    def run(self, files, argv, **options):
        self.asked.append((argv, options))
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


def ended(code=0, stderr="", **artifacts):
    return Execution(
        backend="replies",
        outcome="exited",
        exit_code=code,
        stderr=Output(text=stderr),
        artifacts=artifacts,
        wall_ms=5,
    )


def stage(*replies, bundle=None, **options):
    sandbox = Replies(*replies)
    options = {"interpreter": INTERPRETER, "observe": False, **options}
    return run_stage(bundle or make(), CONTRACT, sandbox, **options), sandbox


@pytest.mark.parametrize("kind", [SandboxUnavailable, SandboxFailed])
def test_a_broken_sandbox_is_not_a_broken_bundle(kind):
    verdict, _ = stage(kind("no such backend", "Install it"))
    assert (verdict.status, verdict.findings) == ("undecided", ())
    assert verdict.reason == "no such backend. Install it"


def test_a_sandbox_that_breaks_half_way_keeps_what_was_seen():
    verdict, _ = stage(ended(), SandboxFailed("the backend died", "Try again"))
    assert verdict.status == "undecided"
    assert len(verdict.facts["steps"]) == 1


def test_an_unknown_dependency_is_a_finding_at_its_line():
    bundle = make(dependencies='[\n  "pyyaml",\n  "git+https://example.org/x",\n]')
    verdict, _ = stage(bundle=bundle, interpreter=None)
    assert verdict.status == "fail"
    assert [(f.rule, f.place) for f in verdict.errors] == [("environment", "pyproject.toml:5:3")]


def test_dependencies_written_as_a_table_are_a_finding():
    verdict, _ = stage(bundle=make(dependencies='{ torch = ">=2" }'), interpreter=None)
    assert [f.rule for f in verdict.errors] == ["environment"]
    assert "list of strings" in verdict.errors[0].message


def test_a_registry_out_of_reach_is_undecided(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_RETRIES", "0")
    options = EnvironmentOptions(
        cache_dir=tmp_path / "env", installer="pip", index="http://127.0.0.1:9/simple"
    )
    verdict, _ = stage(interpreter=None, environment_options=options)
    assert (verdict.status, verdict.findings) == ("undecided", ())
    assert "package registry" in verdict.reason
    assert list((tmp_path / "env" / "envs").iterdir()) == []


def test_a_declared_package_that_the_given_interpreter_lacks_is_undecided():
    record = b'["try", "src.main", ""]\n["fail", "src.main", "%s"]\n["end", "", ""]\n' % (
        rb"Traceback (most recent call last):\n"
        rb"  File \"/work/src/main.py\", line 7, in <module>\n    import yaml\n"
        rb"ModuleNotFoundError: No module named 'yaml'"
    )
    verdict, _ = stage(ended(**{".ohgw-imports.jsonl": record}))
    assert verdict.status == "undecided"
    assert "declares pyyaml" in verdict.reason


def test_what_the_contract_allows_is_what_the_sandbox_is_asked_for():
    contract = CONTRACT.model_copy(update={"allow_hosts": ("data.example.org",)})
    sandbox = Replies(ended(), ended(1))
    run_stage(make(), contract, sandbox, interpreter=INTERPRETER, observe=False)
    argv, options = sandbox.asked[1]
    assert argv == ("python", "-m", "src.main", "--smoke-test", "--results-dir", "results")
    assert options["allow_hosts"] == ("data.example.org",)
    assert options["limits"] == CONTRACT.smoke.limits

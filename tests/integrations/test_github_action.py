"""The GitHub Action: its form, and its steps run as the runner runs them."""

import json
import shutil
import subprocess
import sys

import jsonschema
import pytest
from action_runner import ACTION, ROOT, run_step

SCHEMA = json.loads((ROOT / "tests" / "schemas" / "sarif-2.1.0.json").read_text())
VALIDATE = "Validate bundles"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder that the step of installing has filled, once for all."""
    temporary = tmp_path_factory.mktemp("runner temp")
    done = run_step("Install ohgw-agent", temporary, temporary, python=sys.executable)
    assert done.code == 0, done.log
    return temporary


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    bad, good = ROOT / "examples" / "quickstart.json", ROOT / "tests/bundles/quickstart-good.json"
    shutil.copy(bad, tmp_path / "deep" / "er" / "bad bundle.json")
    shutil.copy(good, tmp_path / "good.json")
    return tmp_path


def test_the_action_fits_githubs_schema():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    done = subprocess.run(
        [*command, "vendor.github-actions", str(ROOT / "action.yml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_inputs_reach_scripts_through_the_environment_alone():
    used = set()
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
        used |= {v for v in step["env"].values() if v.startswith("${{ inputs.")}
    assert used == {f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]}


def test_good_and_bad_bundles(installed, checkout):
    done = run_step(VALIDATE, checkout, installed, bundles="good.json\n")
    assert (done.code, done.outputs["status"]) == (0, "ready"), done.log
    done = run_step(VALIDATE, checkout, installed, bundles="good.json\n\n**/*bundle.json\n")
    assert (done.code, done.outputs["status"]) == (1, "not ready"), done.log
    assert "== deep/er/bad bundle.json: not ready" in done.log
    log = json.loads((checkout / done.outputs["sarif-file"]).read_text())
    jsonschema.validate(log, SCHEMA)
    (run,) = log["runs"]
    files = {
        r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]
    }
    assert files == {"deep/er/bad%20bundle.json"}


def test_rules_contract_and_what_fails_are_the_callers_choice(installed, checkout):
    bad = "deep/er/bad bundle.json"
    one = run_step(VALIDATE, checkout, installed, bundles=bad, select="undefined-name\nsyntax*")
    assert one.code == 2, "a pattern that fits no rule is said, not passed over"
    assert "no rule" in one.log
    one = run_step(VALIDATE, checkout, installed, bundles=bad, select="undefined-name")
    assert one.code == 1
    assert "certain-crash" not in one.log
    chosen = {"select": "undefined-name", "ignore": "undefined-*", "bundles": bad}
    assert run_step(VALIDATE, checkout, installed, **chosen).outputs["status"] == "ready"
    reported = run_step(VALIDATE, checkout, installed, bundles=bad, fail_on="never")
    assert (reported.code, reported.outputs["status"]) == (0, "not ready")
    looked = {"bundles": "good.json", "static_only": "false", "sandbox": "none"}
    done = run_step(VALIDATE, checkout, installed, **looked)
    assert (done.code, done.outputs["status"]) == (3, "undecided")
    done = run_step(VALIDATE, checkout, installed, **looked, fail_on="not-ready")
    assert (done.code, done.outputs["status"]) == (0, "undecided")
    done = run_step(VALIDATE, checkout, installed, bundles="good.json", contract="nope.yaml")
    assert (done.code, done.outputs["status"]) == (2, "unreadable")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bundles", "$(touch owned)"),
        ("bundles", "`touch owned`\n; touch owned"),
        ("bundles", ""),
        ("bundles", "no-such-*.json"),
        ("bundles", "--output=owned"),
        ("contract", "base-derived; touch owned"),
        ("contract", "$(touch owned)"),
        ("select", "$(touch owned)\n--output=owned"),
        ("ignore", "x' ; touch owned ; '"),
        ("sarif_file", "a\nstatus=ready"),
        ("sarif_file", ""),
        ("static_only", "false || touch owned"),
        ("sandbox", "none --output=owned"),
        ("fail_on", "never; touch owned"),
    ],
)
def test_hostile_inputs_are_refused_and_never_run(installed, checkout, name, value):
    given = {"bundles": "good.json", "static_only": "false" if name == "sandbox" else "true"}
    done = run_step(VALIDATE, checkout, installed, **{**given, name: value})
    assert done.code == 2, done.log
    assert done.outputs.get("status") in (None, "unreadable")
    assert not (checkout / "owned").exists()


def test_hostile_versions_and_pythons_are_refused(tmp_path):
    for version in ("1.0 --index-url=http://x", "1.0; touch owned", "@ file:///x", "-e ."):
        done = run_step("Install ohgw-agent", tmp_path, tmp_path, version=version)
        assert done.code == 2, done.log
        assert "is not a version" in done.log
    done = run_step("Install ohgw-agent", tmp_path, tmp_path, python="python3; touch owned")
    assert done.code != 0
    assert not (tmp_path / "owned").exists()


def test_a_bundle_cannot_speak_to_the_runner(installed, checkout):
    bundle = json.loads((checkout / "good.json").read_text())
    bundle["derived"]["src/evil.py"] = 'x = """\n::set-output name=status::ready\n::error::y\n'
    (checkout / "::warning::evil.json").write_text(json.dumps(bundle))
    done = run_step(VALIDATE, checkout, installed, bundles="*evil.json")
    assert done.code == 1, done.log
    start, _, rest = done.log.partition("::stop-commands::")
    token = rest.splitlines()[0]
    assert len(token) == 32
    quoted, ended, after = rest.removeprefix(token).partition(f"\n::{token}::\n")
    assert ended
    assert "evil" in quoted
    assert "evil" not in start + after
    assert done.outputs["status"] == "not ready"

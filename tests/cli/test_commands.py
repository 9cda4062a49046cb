"""The command line as a user meets it: outputs, exit codes, errors that say what to do."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from ohgw_tools.bundles.bundle_file import load

ROOT = Path(__file__).parents[2]
SEED = ROOT / "tests" / "bundles" / "seed" / "exp-2.bundle.json"
GOOD = ROOT / "tests" / "bundles" / "quickstart-good.json"
QUICKSTART = ROOT / "examples" / "quickstart.json"


def ohgw(*arguments, code=0, cwd=ROOT, **environment):
    done = subprocess.run(
        [sys.executable, "-m", "ohgw_agent", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **environment},
        timeout=200,
    )
    assert done.returncode == code, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    return done


def validate(*arguments, **more):
    return ohgw("validate", "--static-only", *arguments, **more)


def test_help_lists_every_command_and_every_exit_code():
    text = ohgw("--help").stdout
    for word in ("fix", "validate", "resume", "bundle", "runs", "schema", "doctor", "130"):
        assert word in text
    for command in ("fix", "validate", "resume", "bundle", "runs", "schema", "doctor", "env"):
        assert ohgw(command, "--help").stdout


def test_seed_is_not_ready_and_says_where():
    done = validate(SEED, "--format", "json", code=1)
    found = {}
    for verdict in json.loads(done.stdout)["verdicts"]:
        for finding in verdict["findings"]:
            found.setdefault(finding["rule"], []).append(finding)
    gap = found["registry-gap"][0]
    assert "WIKITEXT_103" in gap["message"]
    assert gap["path"] == "src/preprocess.py"
    assert gap["region"]["start_line"] == 68
    comments = {(f["path"], f["region"]["start_line"]) for f in found["placeholder-comment"]}
    assert ("src/preprocess.py", 66) in comments
    assert ("config/smoke_test.yaml", 9) in comments
    missing = [f["message"] for f in found["missing-variation"]]
    assert len(missing) == 4
    assert all(f["path"] == "config/smoke_test.yaml" for f in found["missing-variation"])
    unread = found["unread-key"][0]
    assert "noise_ratio" in unread["message"]
    assert (unread["path"], unread["region"]["start_line"]) == ("config/full_experiment.yaml", 79)


def test_seed_form_is_the_original_pipelines():
    done = validate(SEED, "--format", "seed", code=1)
    form = json.loads(done.stdout)
    assert list(form) == ["is_experiment_code_ready", "experiment_code_issue"]
    assert form["is_experiment_code_ready"] is False
    assert "WIKITEXT_103" in form["experiment_code_issue"]


def test_recipes_make_progress_on_the_seed_and_end_honestly(tmp_path):
    """With the sandbox out of reach the end is undecided at best: nothing was run."""
    done = ohgw(
        "fix", SEED, "--runs-dir", tmp_path, "--proposer", "recipes", "--json", "-q",
        "--sandbox", "none", code=3,
    )  # fmt: skip
    outcome = json.loads(done.stdout)
    assert not outcome["ready"]
    errors = [a["verdicts"][-1]["errors"] for a in outcome["attempts"]]
    assert errors[0] > errors[-1]
    assert all(attempt["verdicts"] for attempt in outcome["attempts"])
    assert any("reviewed" in text for text in outcome["not_checked"])
    delivered, given = load(outcome["output"]), load(SEED)
    assert delivered.experiment == given.experiment
    for name in given.experiment.run_variations:
        assert f"run_id: {name}" in delivered.derived["config/smoke_test.yaml"]


def test_recipes_that_are_not_enough_say_what_is_left(tmp_path):
    done = ohgw(
        "fix", SEED, "--runs-dir", tmp_path, "--proposer", "recipes", "-q", "--static-only",
        "--attempts", 2, code=4,
    )  # fmt: skip
    assert done.stdout.startswith("NOT READY (exhausted: attempts")
    assert "left to mend: " in done.stdout


def test_json_is_one_object_and_nothing_else(tmp_path):
    done = ohgw("fix", QUICKSTART, "--static-only", "--runs-dir", tmp_path, "--json")
    assert json.loads(done.stdout)["ready"] is True
    assert "attempt" in done.stderr


def test_progress_is_plain_lines_where_there_is_no_terminal(tmp_path):
    done = ohgw("fix", QUICKSTART, "--static-only", "--runs-dir", tmp_path)
    assert "\x1b" not in done.stderr + done.stdout
    assert done.stdout.startswith("READY")
    assert "not checked: the code was not run" in done.stdout


def test_without_a_sandbox_good_code_is_undecided(tmp_path):
    ohgw("validate", GOOD, "--sandbox", "none", code=3)
    done = ohgw("fix", GOOD, "--sandbox", "none", "--runs-dir", tmp_path, code=3)
    assert "NOT READY" in done.stdout
    assert validate(GOOD).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fix", "no-such-file.json"], "no-such-file.json"),
        (["validate", "no-such-file.json"], "Check the path"),
        (["fix", str(GOOD), "--contract", "nonsense"], "base-derived"),
        (["fix", str(GOOD), "--static-only", "--attempts", "-1"], "attempts"),
        (["fix", str(GOOD), "--proposer", "nonsense"], "auto, recipes, chat"),
        (["fix", str(GOOD), "--proposer", "chat"], "OPENAI_API_KEY"),
        (["fix", str(GOOD), "--review"], "OPENAI_API_KEY"),
        (["fix", str(GOOD), "--python", "no-such-python"], "no-such-python"),
        (["fix", str(GOOD), "-o", "no/such/folder/x.json"], "folder that exists"),
        (["validate", str(GOOD), "--format", "nonsense"], "sarif"),
        (["validate", str(GOOD), "--select", "nonsense"], "nonsense"),
        (["resume", "no-such-run"], "no-such-run"),
        (["rule", "nonsense"], "nonsense"),
        (["schema", "nonsense"], "bundle"),
        (["fix"], "bundle"),
        (["nonsense"], "nonsense"),
    ],
)
def test_bad_input_exits_2_and_says_what_to_do(arguments, words, tmp_path):
    runs = ["--runs-dir", str(tmp_path)] if arguments[0] in ("fix", "resume") else []
    done = ohgw(*arguments, *runs, code=2)
    assert words in done.stderr
    assert done.stdout == ""


def test_hostile_words_do_not_reach_the_terminal(tmp_path):
    path = tmp_path / "b.json"
    path.write_text(json.dumps({"derived": {"src/\x1b]0;x\x07.py": "x"}}))
    done = validate(path, code=2)
    assert "\x1b" not in done.stderr
    path.write_text(json.dumps({"derived": {"src/train.py": "# TODO \x1b[2J\u202e evil\n"}}))
    done = validate(path, code=1)
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


def test_bundle_import_pack_unpack(tmp_path):
    document = ROOT / "tests" / "bundles" / "seed" / "seed-document.txt"
    ohgw("bundle", "import", document, "-o", tmp_path / "a.json")
    ohgw("bundle", "unpack", tmp_path / "a.json", tmp_path / "folder")
    ohgw("bundle", "pack", tmp_path / "folder" / "base", tmp_path / "folder" / "derived",
         "--experiment", tmp_path / "folder" / "experiment.yaml",
         "-o", tmp_path / "b.json")  # fmt: skip
    assert load(tmp_path / "b.json").derived == load(SEED).derived
    assert load(tmp_path / "a.json").digest == load(SEED).digest


def test_fix_takes_a_folder(tmp_path):
    ohgw("bundle", "unpack", QUICKSTART, tmp_path / "folder")
    done = ohgw("fix", tmp_path / "folder", "--static-only", "--runs-dir", tmp_path / "runs",
                "-o", tmp_path / "out.json", "--json")  # fmt: skip
    assert json.loads(done.stdout)["output"] == str(tmp_path / "out.json")
    assert load(tmp_path / "out.json").derived != load(QUICKSTART).derived


def test_every_schema_is_a_schema():
    for name in ohgw("schema").stdout.split():
        Draft202012Validator.check_schema(json.loads(ohgw("schema", name).stdout))


def test_runs_ls_and_show(tmp_path):
    done = ohgw("fix", QUICKSTART, "--static-only", "--runs-dir", tmp_path, "--json", "-q")
    run_id = json.loads(done.stdout)["run"]
    assert run_id in ohgw("runs", "ls", "--runs-dir", tmp_path).stdout
    shown = ohgw("runs", "show", run_id, "--runs-dir", tmp_path).stdout
    assert "ready" in shown
    ohgw("verify", run_id, "--runs-dir", tmp_path)


def test_doctor_says_what_is_there():
    facts = json.loads(ohgw("doctor", "--json").stdout)
    assert {s["name"] for s in facts["sandboxes"]} == {"docker", "bubblewrap"}
    assert facts["model"]["configured"] is False
    assert "OPENAI_API_KEY" in facts["model"]["remedy"]
    text = ohgw("doctor", "--base-url", "http://127.0.0.1:9/v1").stdout
    assert "does not answer" in text


def test_rule_prints_the_page():
    names = [line.split()[0] for line in ohgw("rule").stdout.splitlines()]
    assert "registry-gap" in names
    assert "What it does" in ohgw("rule", "registry-gap").stdout


def test_readme_example_in_python_runs(tmp_path):
    readme = (ROOT / "README.md").read_text()
    code = readme.split("```python\n")[1].split("```")[0]
    shutil.copy(QUICKSTART, tmp_path / "bundle.json")
    code = code.replace("Settings(", "Settings(static_only=True, ")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert "static" in done.stdout


@pytest.mark.parametrize(
    "sandbox", ["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)]
)
def test_quickstart_is_repaired_to_ready_in_each_sandbox(tmp_path, sandbox):
    done = ohgw("fix", QUICKSTART, "--runs-dir", tmp_path, "--json", "-q", "--sandbox", sandbox)
    outcome = json.loads(done.stdout)
    assert outcome["stop"] == "ready"
    assert len(outcome["attempts"]) > 2
    assert not outcome["findings"] or all(f["severity"] != "error" for f in outcome["findings"])
    stages = [(v["stage"], v["status"]) for v in outcome["attempts"][-1]["verdicts"]]
    assert stages == [("patch", "pass"), ("static", "pass"), ("sandbox", "pass")]


@pytest.mark.docker
def test_both_sandboxes_give_the_same_verdict(tmp_path):
    broken = load(GOOD)
    text = broken.derived["src/train.py"].replace("json.dumps(results, indent=2)", "'{' + missing")
    from ohgw_tools.bundles.bundle_file import save

    save(broken.with_derived(broken.derived.with_file("src/train.py", text)), tmp_path / "b.json")
    forms = {}
    for name in ("docker", "bubblewrap"):
        done = ohgw("validate", tmp_path / "b.json", "--json", "--sandbox", name, "--ignore", "*",
                    "-q", code=1)  # fmt: skip
        verdict = json.loads(done.stdout)["verdicts"][-1]
        assert verdict["stage"] == "sandbox"
        forms[name] = [(f["rule"], f["path"], f["region"]) for f in verdict["findings"]]
        assert "NameError" in done.stdout
    assert forms["docker"] == forms["bubblewrap"]


@pytest.mark.root
@pytest.mark.parametrize("size", ["48k", "100k", "180k", "220k"])
def test_a_full_disk_ends_every_command_with_a_sentence_and_loses_nothing(tmp_path, size):
    """Sizes at which the first content, a header, a later content and the delivery do not fit."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "full", disk], check=True)
    try:
        place = ("--runs-dir", disk / "runs")
        how = ("--static-only", "--proposer", "recipes")
        said = ohgw("fix", QUICKSTART, *how, *place, code=5).stderr
        assert "No space left on device" in said
        (run,) = (disk / "runs").glob("2*")
        begun = bool((run / "events.jsonl").stat().st_size)
        again = ohgw("resume", run, *place, code=5 if begun else 2).stderr
        assert "No space left" in again or not begun
        subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
        if begun:
            ohgw("resume", run, *place)
            ohgw("verify", run)
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize(
    "words",
    [
        ("bundle", "import", "{seed}", "-o", "/nowhere/at/all.json"),
        ("validate", "--static-only", "{seed}", "--output", "/nowhere/at/all.json"),
        ("batch", "/nowhere/list.txt", "--page", "/nowhere/at/all.html"),
        ("fix", "/proc/self/mem", "--static-only"),
    ],
)
def test_places_that_cannot_be_read_or_written_are_said_without_a_traceback(words):
    done = subprocess.run(
        [sys.executable, "-m", "ohgw_agent", *(w.format(seed=SEED) for w in words)],
        capture_output=True,
        text=True,
    )
    assert done.returncode in (2, 5), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["none", "chat", "no.such:Thing", ":", "json:", ":x"])
def test_a_proposer_that_is_none_is_refused_before_a_run_begins(tmp_path, name):
    runs = tmp_path / "runs"
    how = ("--static-only", "--proposer", name, "--runs-dir", runs)
    assert "proposer" in ohgw("fix", QUICKSTART, *how, code=2).stderr
    assert not runs.exists()

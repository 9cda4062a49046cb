"""The pre-commit hook: its manifest, and the real pre-commit with this repository as its source."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BUILD = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
SOURCE = (
    "agent", "tools", "prompts", *BUILD["wheel"]["force-include"],
    "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml",
)  # fmt: skip
HOOK = "ohgw-agent-validate"


def git(folder, *words):
    options = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *options, *words], cwd=folder, check=True, capture_output=True)


def pre_commit(folder, *words):
    environment = {**os.environ, "PRE_COMMIT_HOME": str(folder.parent / "pre-commit")}
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", *words],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=280,
    )  # fmt: skip


@pytest.fixture
def hook_source(tmp_path):
    """This working tree as a repository of its own, at one commit."""
    source = tmp_path / "source"
    for name in SOURCE:
        place = source / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, place)
    git(source, "init", "-q")
    git(source, "add", "-A")
    git(source, "commit", "-q", "-m", "source")
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=source, capture_output=True, text=True, check=True
    )
    return source, head.stdout.strip()


def test_the_manifest_is_one():
    done = pre_commit(ROOT, "validate-manifest", ".pre-commit-hooks.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_commit_with_a_bundle_that_is_not_ready_is_stopped(tmp_path, hook_source):
    source, head = hook_source
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init", "-q")
    hook = {"id": HOOK, "args": ["--sarif-file=log.sarif"]}
    config = {"repos": [{"repo": str(source), "rev": head, "hooks": [hook]}]}
    (project / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    (project / "other.json").write_text("{}")
    good = ROOT / "tests" / "bundles" / "quickstart-good.json"
    shutil.copy(good, project / "good.bundle.json")
    git(project, "add", "-A")
    done = pre_commit(project, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in done.stdout

    (project / "exp").mkdir()
    shutil.copy(ROOT / "examples" / "quickstart.json", project / "exp" / "bundle.json")
    git(project, "add", "exp")
    done = pre_commit(project, "run", HOOK)
    assert done.returncode == 1
    assert "undefined-name" in done.stdout
    assert "other.json" not in done.stdout
    assert (project / "log.sarif").is_file()
    (project / "exp" / "bundle.json").unlink()
    git(project, "add", "-A", "exp")
    assert pre_commit(project, "run", HOOK).returncode == 0

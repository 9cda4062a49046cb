"""Runs the steps of a composite action as GitHub's runner does: bash, environment, output files."""

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
EXPRESSION = re.compile(r"\$\{\{\s*(\S+?)\s*\}\}")


class Done(NamedTuple):
    code: int
    log: str
    outputs: dict


def run_step(name, folder, temporary, **inputs):
    """Run the step of this name in `folder`; inputs that are not given have their defaults."""
    step = next(s for s in ACTION["runs"]["steps"] if s["name"] == name)
    given = {key: str(value.get("default", "")) for key, value in ACTION["inputs"].items()}
    given |= {key.replace("_", "-"): value for key, value in inputs.items()}
    assert set(given) == set(ACTION["inputs"])
    values = {f"inputs.{key}": value for key, value in given.items()}
    values["github.action_path"] = str(ROOT)
    output = temporary / "output"
    output.write_text("")
    script = temporary / "step.sh"
    script.write_text(step["run"])
    environment = {
        **os.environ,
        **{key: EXPRESSION.sub(lambda m: values[m[1]], text) for key, text in step["env"].items()},
        "RUNNER_TEMP": str(temporary),
        "GITHUB_OUTPUT": str(output),
    }
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
    )
    pairs = (line.partition("=") for line in output.read_text().splitlines())
    return Done(done.returncode, done.stdout + done.stderr, {k: v for k, _, v in pairs})

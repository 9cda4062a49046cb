"""InterpreterProbe: what a Python that the user gave is, and what is installed in it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from packaging.utils import canonicalize_name

from ohgw_tools.environments.requirement import python_allowed
from ohgw_tools.errors import EnvironmentUnavailable, InputError
from ohgw_tools.sandbox import Interpreter
from ohgw_tools.tree import sha256

# Runs in the user's own interpreter, isolated from the directory and the variables that we run in.
_QUESTION = """
import json, os, sys, sysconfig
from importlib.metadata import distributions
paths = sysconfig.get_paths()
json.dump({
    "executable": sys.executable,
    "version": ".".join(map(str, sys.version_info[:3])),
    "prefixes": [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix,
                 paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"]],
    "packages": [[d.metadata["Name"], d.version] for d in distributions()],
}, sys.stdout)
"""


def given(python: str, requires_python: str = "") -> Interpreter:
    """Look at an interpreter of the user's, which is used as it is.

    Raises InputError when it is no Python, EnvironmentUnavailable when its version is not one that
    the bundle allows (PEP 440, `requires_python`).
    """
    path = shutil.which(python)
    if path is None:
        raise InputError(f"--python {python}: no such program; give the path of an interpreter")
    seen = _ask(path)
    version = str(seen["version"])
    if requires_python and not python_allowed(requires_python, version):
        raise EnvironmentUnavailable(
            f"the bundle wants Python {requires_python}, {python} is {version}",
            "Give a fitting interpreter with --python",
        )
    packages = {f"{canonicalize_name(name)}=={v}" for name, v in seen["packages"] if name and v}
    ordered = tuple(sorted(packages))
    return Interpreter(
        executable=seen["executable"],
        prefixes=_prefixes(seen["prefixes"]),
        key="given-" + sha256(json.dumps([seen["executable"], version, ordered]).encode())[:18],
        packages=ordered,
    )


def _ask(path: str) -> dict:  # type: ignore[type-arg]
    try:
        result = subprocess.run(
            [path, "-I", "-c", _QUESTION],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            env={},
        )
        answer = json.loads(result.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise InputError(f"--python {path}: does not answer as Python does ({error})") from error
    if result.returncode != 0 or not isinstance(answer, dict):
        raise InputError(f"--python {path}: does not answer as Python does")
    return answer


def _prefixes(found: list[str]) -> tuple[str, ...]:
    """The directories to show in the sandbox: links resolved too, none inside another."""
    paths = {Path(p) for p in found if p} | {Path(p).resolve() for p in found if p}
    outer = [p for p in paths if not any(q in p.parents for q in paths)]
    return tuple(sorted(str(p) for p in outer if p.is_dir() and p != Path("/")))

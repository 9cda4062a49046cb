"""Installer: pip or uv, told to install plain requirements into an environment, and what it said.

Installing acts on names that a stranger wrote, outside the sandbox. Wheels alone are taken, so
nothing of a package runs here: the environment's own Python is started once, by pip, while it is
still empty, and never again outside a sandbox (a wheel may bring `.pth` files, which run at start).
"""

from __future__ import annotations

import importlib.util
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from pathlib import Path

from packaging.version import Version
from pydantic import BaseModel

from ohgw_tools.environments.lock_file import Pin
from ohgw_tools.environments.pinned import TORCH_FAMILY, check_report, constraint_lines, hashed
from ohgw_tools.environments.resolver_message import explain
from ohgw_tools.errors import EnvironmentUnavailable, InputError
from ohgw_tools.frozen import FROZEN

_REPORT = "report.json"
_KEPT_BYTES = 1 << 20
_PROGRESS = re.compile(
    r"^(?:Collecting|Installing collected|  Downloading|Successfully"
    r"|Resolved|Prepared|Installed|Downloading)"
)


class InstallRequest(BaseModel):
    """What to install and where. `lines` are plain requirements, `pins` come from a lock,
    `constraints` and `index` from the user. `source_allowed` names packages that may be built from
    source.
    """

    model_config = FROZEN

    environment: Path = Path()
    lines: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    pins: tuple[Pin, ...] = ()
    index: str | None = None
    wheels_only: bool = True
    source_allowed: tuple[str, ...] = ()
    offline: bool = False
    timeout_seconds: float = 1800


def choose_installer(wanted: str, names: frozenset[str]) -> str:
    """`pip` or `uv`. `auto` takes uv where it is on the PATH, but pip for torch and its companions.

    Raises EnvironmentUnavailable when the one asked for is not there, InputError for other words.
    """
    if wanted not in ("auto", "pip", "uv"):
        raise InputError(f"--installer {wanted!r}: give auto, pip or uv")
    if wanted == "uv" or (wanted == "auto" and shutil.which("uv") and not names & TORCH_FAMILY):
        if uv_binary() is None:
            raise EnvironmentUnavailable("uv is not installed", "Install it, or --installer pip")
        return "uv"
    if not pip_is_here() and importlib.util.find_spec("ensurepip") is None:
        raise EnvironmentUnavailable(
            "neither pip nor ensurepip is installed", "Install pip, or give --python INTERPRETER"
        )
    return "pip"


def uv_binary() -> str | None:
    """The path of uv, if it is installed: on the PATH, or beside this Python."""
    beside = Path(sysconfig.get_path("scripts")) / "uv"
    return shutil.which("uv") or (str(beside) if beside.exists() else None)


def pip_is_here() -> bool:
    """Whether the Python that we run in has pip."""
    return importlib.util.find_spec("pip") is not None


def install(
    installer: str,
    request: InstallRequest,
    scratch: Path,
    report: Callable[[str], None],
    cancel: threading.Event | None = None,
) -> None:
    """Install, with `scratch` as an empty working directory.

    Raises EnvironmentUnsatisfiable with the resolver's words when a requirement cannot be had, and
    EnvironmentUnavailable when that could not be found out.
    """
    command = (_uv_command if installer == "uv" else _pip_command)(request, scratch)
    status, text = _call(command, scratch, request.timeout_seconds, report, cancel)
    if status != 0:
        raise explain(installer, request.lines, text, offline=request.offline)
    if installer == "pip" and hashed(request.pins):
        check_report(scratch / _REPORT, request.pins)


def versions(name: str, index: str | None = None) -> tuple[Version, ...]:
    """Every release of a package, wheel or source, that the registry offers to this Python.

    Asks the index for file names alone; nothing is fetched or built. Empty when pip is missing or
    the registry does not answer.
    """
    if not pip_is_here():
        return ()
    command = [sys.executable, "-I", "-m", "pip", "index", "versions", "--pre"]
    command += ["--index-url", index] if index else []
    try:
        result = subprocess.run(
            [*command, name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            env=_clean_environment(),
        )
    except subprocess.TimeoutExpired:
        return ()
    listed = re.search(r"^Available versions: (.+)$", result.stdout, re.MULTILINE)
    return tuple(Version(v) for v in listed[1].split(", ")) if listed else ()


def _pip_command(request: InstallRequest, scratch: Path) -> list[str]:
    python = str(request.environment / "bin" / "python")
    head = [sys.executable, "-I", "-m", "pip", "--python", python]
    if not pip_is_here():
        head = [python, "-I", "-m", "pip"]
    command = [*head, "install", "--no-input", "--progress-bar=off", "--no-warn-script-location"]
    if request.wheels_only:
        command.append("--only-binary=:all:")
        command += [f"--no-binary={name}" for name in request.source_allowed]
    if request.offline:
        command.append("--no-index")
    if request.index:
        command += ["--index-url", request.index]
    if hashed(request.pins):
        command += ["--report", str(scratch / _REPORT)]
    return command + _file_options(request, scratch, hashes=False)


def _uv_command(request: InstallRequest, scratch: Path) -> list[str]:
    command = [uv_binary() or "uv", "--no-config", "--no-progress", "pip", "install"]
    command += ["--python", str(request.environment / "bin" / "python")]
    command += ["--compile-bytecode", "--link-mode=copy"]
    if request.wheels_only:
        command.append("--only-binary=:all:")
        command += [f"--no-binary={name}" for name in request.source_allowed]
    if request.offline:
        command.append("--offline")
    if request.index:
        command += ["--default-index", request.index]
    return command + _file_options(request, scratch, hashes=True)


def _file_options(request: InstallRequest, scratch: Path, *, hashes: bool) -> list[str]:
    asked = scratch / "requirements.txt"
    asked.write_text("".join(f"{line}\n" for line in request.lines), encoding="utf-8")
    options = ["-r", str(asked)]
    bounds = (*request.constraints, *constraint_lines(request.pins, with_hashes=hashes))
    if bounds:
        limits = scratch / "constraints.txt"
        limits.write_text("".join(f"{line}\n" for line in bounds), encoding="utf-8")
        options += ["-c", str(limits)]
    return options


def _call(
    command: list[str],
    scratch: Path,
    timeout: float,
    report: Callable[[str], None],
    cancel: threading.Event | None,
) -> tuple[int, str]:
    """Run the installer in a session of its own; return its status and the end of its output."""
    process = subprocess.Popen(
        command,
        cwd=scratch,
        env=_clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        umask=0o022,
    )
    deadline = time.monotonic() + timeout
    try:
        text = _listen(process, deadline, report, cancel)
        return process.wait(timeout=30), text
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _listen(
    process: subprocess.Popen[bytes],
    deadline: float,
    report: Callable[[str], None],
    cancel: threading.Event | None,
) -> str:
    assert process.stdout is not None
    kept = b""
    rest = b""
    with process.stdout as stream, selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            if cancel is not None and cancel.is_set():
                raise EnvironmentUnavailable("the installation was cancelled", "Run it again")
            if time.monotonic() > deadline:
                raise EnvironmentUnavailable(
                    "the installation took too long", "Run it again; what was fetched is kept"
                )
            if not selector.select(timeout=0.2):
                continue
            chunk = os.read(stream.fileno(), 1 << 16)
            if not chunk:
                return kept.decode("utf-8", "replace")
            kept = (kept + chunk)[-_KEPT_BYTES:]
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                text = line.decode("utf-8", "replace")
                if _PROGRESS.match(text):
                    report(" ".join(text.partition(" (from ")[0].split())[:200])


def _clean_environment() -> dict[str, str]:
    """The user's own settings of pip and uv, less what would send packages elsewhere."""
    dropped = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIREMENT", "PIP_PYTHON")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in dropped and not name.startswith(("PYTHON", "VIRTUAL_ENV", "UV_SYSTEM"))
    }
    return {**kept, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "NO_COLOR": "1"}

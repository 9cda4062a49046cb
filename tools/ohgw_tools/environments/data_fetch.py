"""Fetching named datasets and models into a directory that runs can be shown, as a step of its own.

The environment's libraries do it, in a sandbox that reaches the permitted hosts alone; nothing of
the bundle runs. Files come out as artifacts do: regular ones, checked names, within limits. A
dataset lies in the sandbox's memory while it is fetched.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pydantic import JsonValue

from ohgw_tools.environments.data_cache import HF_CACHES, DataCache
from ohgw_tools.environments.named_data import NamedData
from ohgw_tools.errors import CouldNotLook, InputError, SandboxFailed
from ohgw_tools.sandbox import MIB, Execution, Interpreter, Limits, Sandbox

RECORD = "ohgw-fetched.jsonl"
_HEAD = "hf/"


class Fetched(NamedTuple):
    """One dataset or model that is there now: bytes and files, and the hosts that were asked."""

    data: NamedData
    size: int
    files: int
    hosts: list[JsonValue]


class DataFetcher:
    """Fetches into one directory, in the form of a Hugging Face home. Each fetch is recorded there
    in `ohgw-fetched.jsonl`, one JSON object a line.
    """

    def __init__(
        self,
        into: Path,
        sandbox: Sandbox,
        interpreter: Interpreter,
        allow_hosts: tuple[str, ...],
        *,
        most_bytes: int = 4096 * MIB,
        endpoint: str | None = None,
        data: tuple[str, ...] = (),
        wall_seconds: float = 3600,
    ) -> None:
        """`endpoint` is a mirror of the hub; `data` as for runs, such as `SSL_CERT_DIR=FOLDER`.

        Raises InputError where no host is permitted.
        """
        if not allow_hosts:
            raise InputError(
                "nothing can be fetched: no host is permitted. Give --allow-host huggingface.co "
                "--allow-host '*.huggingface.co' --allow-host '*.hf.co', or your mirror's host"
            )
        self._into = into
        self._sandbox = sandbox
        self._interpreter = interpreter
        self._hosts = allow_hosts
        self._endpoint = endpoint
        self._data = DataCache(data)
        self._limits = Limits(
            wall_seconds=wall_seconds,
            memory_bytes=2 * most_bytes + 2048 * MIB,
            work_bytes=2 * most_bytes,
            file_bytes=most_bytes,
            artifact_bytes=most_bytes,
        )

    def fetch(self, wanted: NamedData, cancel: threading.Event | None = None) -> Fetched:
        """Fetch one dataset or model. Raises CouldNotLook, saying what the library said, where it
        cannot be had; what was there before stays.
        """
        library = "datasets" if wanted.kind == "dataset" else "huggingface-hub"
        packages = {package.partition("==")[0] for package in self._interpreter.packages}
        if packages and library not in packages:
            raise CouldNotLook(
                f"{wanted.words}: the environment has no {library}",
                "Declare it in the bundle's pyproject, or give --python",
            )
        execution = self._run(wanted, cancel)
        hosts = execution.isolation.get("hosts")
        listed = hosts if isinstance(hosts, list) else []
        if not execution.ok:
            raise _failure(wanted, execution, listed)
        found = _checked(wanted, execution)
        for path, content in found.items():
            _put(self._into / path, content)
        fetched = Fetched(wanted, sum(map(len, found.values())), len(found), listed)
        _record(self._into, fetched, found)
        return fetched

    def _run(self, wanted: NamedData, cancel: threading.Event | None) -> Execution:
        variables = {**self._data.variables, "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        if self._endpoint:
            variables["HF_ENDPOINT"] = self._endpoint
        shown = {"mounts": self._data.mounts} if self._data else {}
        return self._sandbox.run(
            {"fetch.py": _program()},
            ("python", "-I", "fetch.py", wanted.kind, wanted.name, wanted.config),
            interpreter=self._interpreter,
            limits=self._limits,
            environment=variables,
            allow_hosts=self._hosts,
            cancel=cancel,
            **shown,
        )


def _failure(wanted: NamedData, execution: Execution, hosts: list[JsonValue]) -> CouldNotLook:
    lines = [line for line in execution.stderr.text.splitlines() if line.strip()]
    said = lines[-1][:500] if lines else f"it ended by {execution.outcome}"
    tried = [row for row in hosts if isinstance(row, dict) and row["result"] != "allowed"]
    places = {f"{row['host']}:{row['port']}": str(row["result"]) for row in tried}
    refused = [place for place, result in places.items() if result.startswith("refused")]
    remedy = ""
    if refused:
        words = " ".join(f"--allow-host {place}" for place in refused)
        remedy = f"The sandbox refused a host; permit it with {words}"
    elif places:
        remedy = "; ".join(f"{place} {result}" for place, result in places.items())
    return CouldNotLook(f"{wanted.words} cannot be fetched: {said}", remedy)


def _checked(wanted: NamedData, execution: Execution) -> Mapping[str, bytes]:
    """The files to keep, by path below the directory. Raises SandboxFailed if any is missing."""
    lost = [f"{path} ({why})" for path, why in execution.refused.items() if path.startswith(_HEAD)]
    if lost:
        raise SandboxFailed(
            f"{wanted.words} did not come out whole: {lost[0]}", "Allow more with --most-gb"
        )
    files = {p.removeprefix(_HEAD): c for p, c in execution.artifacts.items()}
    kept = {path: c for path, c in files.items() if path.partition("/")[0] in HF_CACHES}
    if not kept:
        raise SandboxFailed(f"{wanted.words}: the library left no file", "Look at its version")
    return kept


def _put(place: Path, content: bytes) -> None:
    """Write a file whole or not at all, readable by the users that programs run as."""
    for folder in _missing(place.parent):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    draft = place.with_name(f".{place.name[:200]}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o644)
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)


def _missing(folder: Path) -> Iterable[Path]:
    chain = (folder, *folder.parents)
    return reversed([path for path in chain if not path.exists()])


def _record(into: Path, fetched: Fetched, files: Mapping[str, bytes]) -> None:
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    line = {
        "at": time.time(),
        "kind": fetched.data.kind,
        "name": fetched.data.name,
        "config": fetched.data.config,
        "named_by": fetched.data.where,
        "bytes": fetched.size,
        "hosts": fetched.hosts,
        "sha256": digests,
    }
    with (into / RECORD).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


@cache
def _program() -> bytes:
    return Path(__file__).with_name("fetch_program.py").read_bytes()

"""Job: one program to run with all that it is given, checked; made alike for every sandbox."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from ohgw_tools.isolation import connect_proxy, program_environment, sandbox_door
from ohgw_tools.isolation.artifact import Basket
from ohgw_tools.isolation.connect_proxy import ConnectProxy
from ohgw_tools.isolation.data_mount import check_mounts
from ohgw_tools.isolation.execution_outcome import Ending, judge
from ohgw_tools.isolation.mounted_prefix import check_interpreter, needed_prefixes
from ohgw_tools.isolation.supervision import Streams
from ohgw_tools.isolation.work_directory import check_inputs
from ohgw_tools.sandbox import Execution, Interpreter, Limits


@dataclass(frozen=True)
class Job:
    """What to run. `extra` maps paths in the sandbox to those of the host that are mounted there,
    read-only, beside /usr and the interpreter's.
    """

    files: Mapping[str, bytes]
    program: list[str]
    interpreter: Interpreter
    prefixes: tuple[str, ...]
    limits: Limits
    variables: Mapping[str, str]
    extra: Mapping[str, str]
    proxy: ConnectProxy | None = None

    def execution(
        self,
        backend: str,
        ending: Ending,
        captured: Streams,
        basket: Basket,
        isolation: dict[str, JsonValue],
        *,
        wall_ms: int,
        cpu_ms: int | None,
        peak_bytes: int | None,
    ) -> Execution:
        """Put together what happened. Raises RunCancelled or SandboxFailed as `judge` does."""
        outcome, exit_code, signal = judge(ending)
        artifacts, refused = basket.result()
        network: dict[str, JsonValue] = {"network": "none"}
        if self.proxy is not None:
            network = {"network": "permitted hosts", "hosts": self.proxy.log}
        return Execution(
            backend=backend,
            outcome=outcome,
            exit_code=exit_code,
            signal=signal,
            stdout=captured.stdout.output(),
            stderr=captured.stderr.output(),
            artifacts=artifacts,
            refused=refused,
            wall_ms=wall_ms,
            cpu_ms=cpu_ms,
            peak_bytes=peak_bytes,
            isolation={**isolation, **network},
        )


@contextlib.contextmanager
def prepared(
    files: Mapping[str, bytes],
    argv: tuple[str, ...],
    interpreter: Interpreter,
    limits: Limits,
    environment: Mapping[str, str] | None,
    allow_hosts: tuple[str, ...],
    mounts: Mapping[str, str],
    *,
    other_user: bool,
) -> Iterator[Job]:
    """Check everything, and hold the way to `allow_hosts` open for the length of the block.

    Raises SandboxFailed for files or an interpreter that cannot be used, InputError for a host or a
    directory of data.
    """
    check_inputs(files, limits)
    prefixes = needed_prefixes(interpreter)
    check_interpreter(interpreter, prefixes, other_user=other_user)
    check_mounts(mounts, other_user=other_user)
    variables = program_environment.variables(
        limits, interpreter.executable, environment, network=bool(allow_hosts)
    )
    program = [interpreter.executable if argv[0] == "python" else argv[0], *argv[1:]]
    if not allow_hosts:
        yield Job(files, program, interpreter, prefixes, limits, variables, mounts)
        return
    with connect_proxy.serving(allow_hosts) as proxy:
        program = sandbox_door.command(interpreter.executable, program)
        door = {sandbox_door.SOCKET: str(proxy.path)}
        authorities = {path: path for path in sandbox_door.certificates()}
        extra = {**mounts, **door, **authorities}
        yield Job(files, program, interpreter, prefixes, limits, variables, extra, proxy)

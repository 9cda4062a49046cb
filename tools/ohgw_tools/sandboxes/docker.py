"""Runs programs in Docker containers, through the docker SDK, with an image made on the spot."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Mapping
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from ohgw_tools.errors import CouldNotLook, RunCancelled, SandboxFailed
from ohgw_tools.isolation import docker_engine, docker_image, seccomp, self_check
from ohgw_tools.isolation.artifact import MAX_DEPTH, Basket
from ohgw_tools.isolation.capture import harmless
from ohgw_tools.isolation.docker_cell import DockerCell
from ohgw_tools.isolation.execution_outcome import Ending
from ohgw_tools.isolation.job import Job, prepared
from ohgw_tools.isolation.sandbox_user import throwaway_user
from ohgw_tools.isolation.supervision import Stop, Streams, Supervisor, streams
from ohgw_tools.isolation.warden_channel import Channel, order
from ohgw_tools.sandbox import MIB, Execution, Interpreter, Limits, Probe

if TYPE_CHECKING:
    from docker import DockerClient

_LAST_WORDS_SECONDS = 60.0
_WALLS: dict[str, JsonValue] = {
    "user": "throw-away",
    "memory": "control group",
    "processes": "control group",
    "seccomp": True,
}


def create() -> Docker:
    """Make the sandbox. No engine is looked for before it is used."""
    return Docker()


class Docker:
    """One object may run any number of programs, from any number of threads at once."""

    name = "docker"

    def probe(self) -> Probe:
        """Run a small program in a container that checks its walls from inside."""
        try:
            with docker_engine.engine() as client:
                docker_engine.check_security(client)
                docker_engine.sweep(client)
                version = client.version().get("Version", "?")
            findings = self_check.check(self)
        except CouldNotLook as error:
            remedy = error.remedy or "See the message of the engine."
            return Probe(name=self.name, works=False, detail=error.problem, remedy=remedy)
        if findings.problems:
            return Probe(
                name=self.name,
                works=False,
                detail="; ".join(findings.problems),
                remedy="Use an engine with default security options, or bubblewrap.",
            )
        detail = f"engine {version}"
        return Probe(name=self.name, works=True, detail=detail, isolation=findings.isolation)

    @cached_property
    def _filter(self) -> str:
        return seccomp.program().hex()

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
        with (
            prepared(
                files,
                argv,
                interpreter,
                limits,
                environment,
                allow_hosts,
                mounts or {},
                other_user=True,
            ) as job,
            docker_engine.engine() as client,
            throwaway_user() as user,
        ):
            return self._run(client, job, user, cancel)

    def _run(self, client: DockerClient, job: Job, user: int, cancel: Event | None) -> Execution:
        image = docker_image.ensure(client)
        start = time.monotonic()
        captured, basket = streams(job.limits), Basket(job.limits, job.files)
        channel = Channel(captured, basket, job.limits.artifact_bytes + MIB)
        with contextlib.ExitStack() as stack:
            cell = DockerCell(stack, client, image, job, user)
            cell.send(order(self._settings(job, user), job.files))
            stop = self._supervise(cell, channel, captured, job.limits, cancel)
            ending = _ending(cell, channel, stop)
        report = channel.report or {}
        return job.execution(
            self.name,
            ending,
            captured,
            basket,
            {"backend": image, **_WALLS},
            wall_ms=int((time.monotonic() - start) * 1000),
            cpu_ms=report.get("cpu_ms"),
            peak_bytes=report.get("peak_bytes"),
        )

    def _settings(self, job: Job, user: int) -> dict[str, Any]:
        """What the warden has to know beside the files."""
        limits = job.limits
        cpu = limits.cpu_seconds
        return {
            "argv": job.program,
            "variables": dict(job.variables),
            "user": user,
            "filter": self._filter,
            "deadline": limits.wall_seconds + _LAST_WORDS_SECONDS,
            "cpu_ms": None if cpu is None else int(cpu * 1000),
            "entries": limits.work_inodes,
            "depth": MAX_DEPTH,
            "artifact_bytes": limits.artifact_bytes,
            "artifact_files": limits.artifact_files,
            "rlimits": {
                "RLIMIT_NOFILE": limits.open_files,
                "RLIMIT_CORE": 0,
                "RLIMIT_FSIZE": limits.file_bytes,
                "RLIMIT_MEMLOCK": 65536,
                "RLIMIT_MSGQUEUE": 0,
                "RLIMIT_RTPRIO": 0,
                "RLIMIT_CPU": math.ceil(cpu or 2 * limits.wall_seconds * limits.threads + 5) + 1,
            },
        }

    def _supervise(
        self,
        cell: DockerCell,
        channel: Channel,
        captured: Streams,
        limits: Limits,
        cancel: Event | None,
    ) -> Stop:
        """Watch the program, stop it if need be, and hear the warden out."""
        supervisor = Supervisor(
            limits,
            captured,
            {cell.handle: channel.feed},
            ended=lambda: channel.report is not None or channel.closed,
            cancel=cancel,
        )
        stop = supervisor.watch()
        if stop == "cancelled":
            raise RunCancelled("the program was stopped by its caller")
        if stop != "ended":
            cell.send(b"k")
        if not supervisor.drain(
            lambda: channel.finished or channel.closed, seconds=_LAST_WORDS_SECONDS
        ):
            raise SandboxFailed("the container's first process did not answer")
        return stop


def _ending(cell: DockerCell, channel: Channel, stop: Stop) -> Ending:
    """What became of the program, as its warden reported, or the engine if that was killed too.

    Raises SandboxFailed when neither knows.
    """
    report = channel.report
    if report is None:
        if cell.ran_out_of_memory():
            return Ending("memory", None)
        said = harmless(channel.complaint).strip()
        raise SandboxFailed(f"the container ended without a report: {said or 'no message'}")
    if stop == "ended" and report["why"] in ("disk", "memory", "timeout"):
        stop = report["why"]
    return Ending(
        stop,
        report["exit_code"] if stop == "ended" else None,
        report["oom_kills"],
        report["refused_forks"],
        report["disk_full"],
    )

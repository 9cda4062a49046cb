"""Ray: workers are spread over an existing Ray cluster, a few below each host process.

A host is a Ray actor that takes of its node what its bundles take (CPUs, GPUs, whatever resource
the nodes name) and forks its workers, as on one machine. So a bundle that crashes costs itself
alone there too, and libraries are imported once for a host. Ray says where there is room, and that
a node is lost; the foreman gives out bundles, places and model calls, as on one machine.
An actor for each bundle, or a task, would import everything anew and take 80 MB more each time.

Nothing of a bundle runs in a Ray process: Ray has no walls inside. Bundles run in a sandbox.
"""

from __future__ import annotations

import math
import os
import secrets
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, field
from typing import Any

from ohgw_agent.batch.host import MARK, Host, Order
from ohgw_agent.batch.item import BatchPlan
from ohgw_agent.batch.workforce import Words, Workforce
from ohgw_tools import ruleset
from ohgw_tools.bundles.bundle_file import dumps, load
from ohgw_tools.errors import EngineFailed, InputError

CPU_FOR_EACH = 0.25
LISTEN_SECONDS = 5.0
MOST_PENDING = 8  # hosts that wait for room: an autoscaler sees that more is wanted, not all of it
MOST_FAILURES = 6  # times in a row that hosts die before they stand, while none stands
LONGEST_PAUSE = 30.0  # seconds after such a time; the first pause is one, the next twice as long
IDLE_SECONDS = 0.2


def begin(plan: BatchPlan) -> None:
    """Nothing: the cluster stands, and hosts are asked for once it is known how many."""


def workforce(plan: BatchPlan) -> Workforce:
    """Return workers on the cluster at `plan.address`. Raises InputError, EngineFailed."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise InputError("--engine ray needs Ray: pip install 'ohgw-agent[ray]'") from error
    if plan.address is None and not ray.is_initialized():
        raise InputError("--engine ray needs a cluster: give --ray-address or set RAY_ADDRESS")
    plan = plan.model_copy(update={"runs_dir": plan.runs_dir.absolute()})
    with ExitStack() as held:
        # Ray prints what its nodes complain of; standard output is for results.
        held.enter_context(redirect_stdout(sys.stderr))
        if not ray.is_initialized():
            _join(ray, plan.address)
            held.callback(ray.shutdown)
        return RayHosts(plan, ray, held.pop_all())


def _join(ray: Any, address: str | None) -> None:
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level="error")
    except (OSError, RuntimeError, ValueError) as error:
        said = f"no Ray cluster answers at {address}: {error}"
        raise EngineFailed(f"{said}; `ray status` shows whether one runs") from error


def _knock(address: str | None) -> None:
    """Raise OSError if nobody listens there: Ray itself would wait for minutes."""
    host, _, port = (address or "").rpartition(":")
    if port.isdecimal() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


@dataclass
class Standing:
    """A host: its actor, what of it is waited for, its workers and what they are to be told."""

    actor: Any
    pending: Any
    ready: bool = False
    workers: set[int] = field(default_factory=set)
    orders: list[Order] = field(default_factory=list)


class RayHosts:
    """Hosts on the nodes that have room, as many as the jobs need. A host that is lost is made
    anew, wherever there is room then.
    """

    def __init__(self, plan: BatchPlan, ray: Any, held: ExitStack) -> None:
        self._plan = plan
        self._held = held
        self._ray = ray
        self._kind = ray.remote(concurrency_groups={"orders": 1, "listening": 1})(Host)
        self._mark = _marked(plan)
        self._hosts: dict[int, Standing] = {}
        self._of_worker: dict[int, int] = {}
        self._made = 0
        self._failures = 0
        self._not_before = 0.0
        self._roomless_since = time.monotonic()

    def room(self) -> int:
        """How many more workers could be started now, on hosts that stand."""
        return sum(self._free(host) for host in self._hosts.values())

    def start(self, number: int) -> str:
        """Start a worker where the fewest are."""
        name, host = max(self._hosts.items(), key=lambda pair: self._free(pair[1]))
        host.workers.add(number)
        self._of_worker[number] = name
        host.orders.append(("start", number, ()))
        return f"host {name}"

    def tell(self, number: int, words: Words) -> None:
        """Say something to a worker. A bundle is sent whole: its place may be on this machine."""
        if words[0] == "item":
            words = (*words, _text(words[1].place))
        self._order("tell", number, words)

    def stop(self, number: int) -> None:
        """End a worker at once."""
        self._order("stop", number, ())

    def listen(self, seconds: float) -> list[tuple[int, Words]]:
        """Send what is to be told, and return what workers have said. Raises EngineFailed when no
        node found room for too long, or no host can be started.
        """
        self._fill()
        for host in self._hosts.values():
            if host.orders:
                self._call(host, "orders", "order", host.orders)
                host.orders = []
        pending = {host.pending: name for name, host in self._hosts.items()}
        if not pending:
            self._complain()
            time.sleep(min(seconds, IDLE_SECONDS))
            return []
        self._ray.wait(list(pending), timeout=seconds)
        done, _ = self._ray.wait(list(pending), num_returns=len(pending), timeout=0)
        self._complain()
        return [said for ref in done for said in self._heard(pending[ref])]

    def close(self) -> None:
        """End all hosts; their workers end with them. The cluster stays."""
        for host in self._hosts.values():
            self._ray.kill(host.actor)
        self._hosts.clear()
        (self._plan.runs_dir / MARK).unlink(missing_ok=True)
        self._held.close()

    def _free(self, host: Standing) -> int:
        return self._plan.places - len(host.workers) if host.ready else 0

    def _order(self, verb: str, number: int, words: Words) -> None:
        host = self._hosts.get(self._of_worker.get(number, 0))
        if host is not None:
            host.orders.append((verb, number, words))

    def _call(self, host: Standing, group: str, method: str, *given: Any) -> Any:
        return getattr(host.actor, method).options(concurrency_group=group).remote(*given)

    def _fill(self) -> None:
        """Ask for hosts that are lacking; Ray starts them where there is room."""
        if time.monotonic() < self._not_before:
            return
        wanted = math.ceil(self._plan.jobs / self._plan.places)
        waiting = sum(not host.ready for host in self._hosts.values())
        while len(self._hosts) < wanted and waiting < MOST_PENDING:
            actor = self._kind.options(**self._demand()).remote(self._plan)
            self._made += 1
            waiting += 1
            host = Standing(actor, None)
            host.pending = self._call(host, "listening", "ready", self._mark, ruleset.digest())
            self._hosts[self._made] = host

    def _demand(self) -> dict[str, Any]:
        """Return what a host takes of its node: what its bundles take together."""
        each = {"CPU": CPU_FOR_EACH, **self._plan.resources}
        whole = {name: amount * self._plan.places for name, amount in each.items()}
        named = {n: a for n, a in whole.items() if n not in ("CPU", "GPU", "memory") and a > 0}
        demand = {"num_cpus": whole["CPU"], "num_gpus": whole.get("GPU", 0), "resources": named}
        if "memory" in whole:
            demand["memory"] = whole["memory"]
        return {**demand, "scheduling_strategy": "SPREAD", "max_restarts": 0}

    def _heard(self, name: int) -> Iterator[tuple[int, Words]]:
        """Yield what the workers of a host said, and listen on."""
        host = self._hosts[name]
        try:
            said = self._ray.get(host.pending)
        except self._ray.exceptions.RayError as error:
            yield from self._lost(name, host, error)
            return
        if not host.ready:
            if said:
                raise EngineFailed(said)
            host.ready, self._failures, said = True, 0, []
        host.pending = self._call(host, "listening", "listen", LISTEN_SECONDS)
        for number, words in said:
            if words[0] == "ended":
                host.workers.discard(number)
                self._of_worker.pop(number, None)
            yield number, words

    def _lost(self, name: int, host: Standing, error: Exception) -> Iterator[tuple[int, Words]]:
        """Yield the loss of each of a host's workers."""
        del self._hosts[name]
        self._ray.kill(host.actor)
        if not host.ready:
            self._pause(error)
        for number in sorted(host.workers):
            self._of_worker.pop(number, None)
            yield number, ("lost", f"the machine of its worker was lost ({type(error).__name__})")

    def _pause(self, error: Exception) -> None:
        """Wait before hosts are asked for again: Ray hears late of a node that is gone, and until
        then chooses it anew. Raises EngineFailed where that did not help and no host stands.
        """
        now = time.monotonic()
        if now < self._not_before:
            return  # one of those that were asked for together
        self._failures += 1
        self._not_before = now + min(2.0 ** min(self._failures - 1, 9), LONGEST_PAUSE)
        stands = any(host.ready for host in self._hosts.values())
        if self._failures >= MOST_FAILURES and not stands:
            raise EngineFailed(
                f"no host can be started on the cluster: {error}. Every node needs the same"
                " ohgw-agent as this machine"
            ) from error

    def _complain(self) -> None:
        """Raise EngineFailed if nothing stands and nothing came to stand for too long."""
        now = time.monotonic()
        if any(host.ready for host in self._hosts.values()):
            self._roomless_since = now
        elif now - self._roomless_since > self._plan.patience:
            raise EngineFailed(
                f"no node had room for {self._demand()} within {self._plan.patience:g} s; the"
                f" cluster has {self._ray.cluster_resources()}: ask for less with --ray-resource"
                " or --ray-places, or add nodes"
            )


def _marked(plan: BatchPlan) -> str:
    """Leave a mark in the folder of records, by which hosts see whether they share it."""
    if plan.store is not None:
        return ""
    mark = secrets.token_hex(8)
    try:
        plan.runs_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        (plan.runs_dir / MARK).write_text(mark, encoding="ascii")
    except OSError as error:
        raise InputError(f"--runs-dir {plan.runs_dir}: {error}") from error
    return mark


def _text(place: str) -> str | None:
    """Return a bundle's text; None, so that the worker says why, if it can no longer be read."""
    try:
        return dumps(load(place))
    except InputError:
        return None

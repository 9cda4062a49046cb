"""Hosts on a cluster that answers as it is told: those that die before they stand."""

from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from ohgw_agent.batch.engines import ray as engine
from ohgw_agent.batch.item import BatchPlan
from ohgw_tools.errors import EngineFailed


class RayError(Exception):
    pass


class Method:
    def __init__(self, answer):
        self.answer = answer

    def options(self, **_):
        return self

    def remote(self, *_):
        return self


class Actor:
    """Stands, or dies on the node that is gone and that the cluster does not know to be gone."""

    def __init__(self, fate):
        self.ready = Method("" if fate == "stands" else RayError("its node has died"))
        self.listen = Method([])


class Cluster:
    """As much of the module `ray` as hosts use. `fates` says what becomes of each next actor."""

    exceptions = SimpleNamespace(RayError=RayError)

    def __init__(self, fates):
        self.fates = iter(fates)
        self.made = 0

    def remote(self, *given, **_):
        return (lambda kind: self) if not given else self._actor()

    def options(self, **_):
        return self

    def _actor(self):
        self.made += 1
        return Actor(next(self.fates))

    def wait(self, refs, num_returns=1, timeout=None):
        return refs, []

    def get(self, ref):
        if isinstance(ref.answer, Exception):
            raise ref.answer
        return ref.answer

    def kill(self, actor):
        pass

    def cluster_resources(self):
        return {}


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(seconds=0.0)

    def sleep(seconds):
        now.seconds += seconds

    monkeypatch.setattr(engine, "time", SimpleNamespace(monotonic=lambda: now.seconds, sleep=sleep))
    return now


def hosts(fates, tmp_path, jobs=8):
    cluster = Cluster(fates)
    plan = BatchPlan(runs_dir=tmp_path, jobs=jobs, places=4)
    return cluster, engine.RayHosts(plan, cluster, ExitStack())


def test_a_gone_node_that_is_chosen_again_and_again_does_not_end_what_stands(clock, tmp_path):
    cluster, standing = hosts(["stands", *["dies"] * 20, *["stands"] * 9], tmp_path)
    while cluster.made < 22:
        standing.listen(1)
        clock.seconds += 0.5
    standing.listen(1)
    assert standing.room() == 8
    assert clock.seconds > 100, "it is not asked for without end"


def test_a_node_that_is_gone_is_waited_out_where_none_stands(clock, tmp_path):
    cluster, coming = hosts([*["dies"] * 5, "stands"], tmp_path, jobs=4)
    while not coming.room():
        assert coming.listen(1) == []
    assert cluster.made == 6
    assert 30 <= clock.seconds < 40


def test_hosts_that_never_stand_end_the_batch_however_many_are_asked_for_at_once(clock, tmp_path):
    cluster, never = hosts(["dies"] * 100, tmp_path, jobs=32)
    for _ in range(1000):
        try:
            never.listen(1)
        except EngineFailed as error:
            why = str(error)
            break
    assert why.startswith("no host can be started on the cluster: its node has died")
    assert cluster.made == 6 * 8
    assert 30 <= clock.seconds < 40

"""An engine whose walls have holes is no sandbox: it says so, and what to do."""

from types import SimpleNamespace

import pytest

from ohgw_tools.errors import SandboxUnavailable
from ohgw_tools.isolation import docker_engine

GOOD = {"SecurityOptions": ["name=seccomp"], "MemoryLimit": True, "PidsLimit": True}


def engine(**facts):
    return SimpleNamespace(info=lambda: {**GOOD, **facts})


def test_an_engine_with_all_its_walls():
    docker_engine.check_security(engine())


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"SecurityOptions": None}, "has no seccomp"),
        ({"SecurityOptions": ["name=rootless"]}, "has no seccomp"),
        ({"MemoryLimit": False}, "cannot limit memory"),
        ({"PidsLimit": False}, "cannot limit processes"),
        ({"MemoryLimit": None, "PidsLimit": None}, "cannot limit memory or processes"),
    ],
)
def test_an_engine_that_drops_what_it_is_asked_for(facts, words):
    with pytest.raises(SandboxUnavailable, match=words):
        docker_engine.check_security(engine(**facts))


@pytest.mark.docker
def test_probes_do_not_stumble_over_containers_that_come_and_go():
    """Probing sweeps old containers, while runs make and remove their own."""
    from concurrent.futures import ThreadPoolExecutor

    from ohgw_tools.sandboxes import docker

    with ThreadPoolExecutor(4) as pool:
        probes = list(pool.map(lambda _: docker.create().probe(), range(8)))
    assert [probe.detail for probe in probes if not probe.works] == []


@pytest.mark.docker
def test_the_engine_here():
    with docker_engine.engine() as client:
        docker_engine.check_security(client)

"""Choosing a sandbox by name, and what is said when there is none."""

import pytest

from ohgw_tools import sandbox_choice
from ohgw_tools.errors import InputError, SandboxUnavailable
from ohgw_tools.isolation import bubblewrap_binary, self_check
from ohgw_tools.sandbox import Probe
from ohgw_tools.sandboxes import bubblewrap, docker


class Own:
    """Somebody's own sandbox."""

    name = "own"

    def probe(self):
        return Probe(name="own", works=True, detail="always")


@pytest.fixture
def no_bwrap(monkeypatch):
    monkeypatch.setattr(bubblewrap_binary, "candidates", lambda: ())


@pytest.fixture
def no_docker(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")


def test_built_in_names_are_found():
    assert sandbox_choice.names() == ("bubblewrap", "docker")


def test_auto_takes_the_first_that_works(no_docker):
    assert sandbox_choice.choose("auto").name == "bubblewrap"


@pytest.mark.docker
def test_auto_falls_back_to_docker(no_bwrap):
    assert sandbox_choice.choose().name == "docker"


def test_nothing_works_says_what_to_do(no_bwrap, no_docker):
    with pytest.raises(SandboxUnavailable) as caught:
        sandbox_choice.choose("auto")
    assert "bubblewrap: no bwrap of version 0.8" in caught.value.problem
    assert "docker: no Docker engine answers" in caught.value.problem
    assert "Install bubblewrap" in caught.value.remedy
    assert "Start Docker" in caught.value.remedy


@pytest.mark.parametrize("name", ["bubblewrap", "docker"])
def test_one_that_does_not_work_is_refused_by_name(no_bwrap, no_docker, name):
    with pytest.raises(SandboxUnavailable) as caught:
        sandbox_choice.choose(name)
    assert caught.value.remedy
    assert caught.value.exit_code == 3


def test_probe_all_never_raises(no_bwrap, no_docker):
    probes = sandbox_choice.probe_all()
    assert [(p.name, p.works) for p in probes] == [("bubblewrap", False), ("docker", False)]
    assert all(p.remedy for p in probes)


def test_running_without_it_is_unavailable_not_failed(no_bwrap, no_docker):
    for module in (bubblewrap, docker):
        with pytest.raises(SandboxUnavailable):
            self_check.check(module.create())


def test_own_class_by_path():
    assert sandbox_choice.choose("test_choice:Own").name == "own"


@pytest.mark.parametrize("name", ["nix", "no_such_module:Class", "test_choice:Missing", ""])
def test_names_that_stand_for_nothing(name):
    with pytest.raises(InputError, match="sandbox"):
        sandbox_choice.choose(name)


def test_engine_on_another_machine_is_refused(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    probe = docker.create().probe()
    assert not probe.works
    assert "not a local engine" in probe.detail

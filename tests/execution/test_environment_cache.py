"""Environments: built once, whole or not at all, from wheels; no code of a package runs here."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from wheelhouse import source, wheel

from ohgw_tools.environments.environment import ensure, facts, list_environments, prune
from ohgw_tools.environments.environment_store import EnvironmentStore
from ohgw_tools.errors import EnvironmentUnavailable, EnvironmentUnsatisfiable, InputError


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A folder of wheels that pip looks in, and nowhere else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel(folder, "pip", "99.0")
    for name in [n for n in os.environ if n.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def make(tmp_path):
    def call(*lines, python=">=3", **options):
        text = f'[project]\nname = "x"\nrequires-python = "{python}"\n'
        text += f"dependencies = {json.dumps(lines)}\n"
        options = {"allow_packages": ("*",), **options}
        return ensure(text, cache_dir=tmp_path / "env", installer="pip", **options)

    return call


def test_an_environment_is_built_once_and_has_what_was_asked_for(house, make, tmp_path):
    wheel(house, "hop", "1.2", requires=["malt>=1"])
    wheel(house, "malt", "1.0")
    told = []
    first = make("Hop >= 1", on_progress=told.append)
    assert first.packages == ("hop==1.2", "malt==1.0")
    assert any("MB" in line for line in told)
    told.clear()
    assert make("hop>=1", on_progress=told.append) == first
    assert told == []
    code = "import hop, malt; print(hop.VERSION, malt.VERSION)"
    answer = subprocess.run([first.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout == "1.2 1.0\n"
    assert first.executable.startswith(first.prefixes[0])
    assert (tmp_path / "env").stat().st_mode & 0o777 == 0o700


def test_nothing_to_install_needs_no_installer_and_no_network(make, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    interpreter = make()
    assert interpreter.packages == ()
    answer = subprocess.run(
        [interpreter.executable, "-c", "import sys; print(sys.prefix)"],
        capture_output=True,
        text=True,
    )
    assert answer.stdout.strip() == interpreter.prefixes[0]


def test_different_wishes_make_different_environments(house, make):
    wheel(house, "hop", "1.0")
    wheel(house, "hop", "2.0")
    bounded = make("hop", constraints=("hop<2",))
    assert (bounded.packages, make("hop").packages) == (("hop==1.0",), ("hop==2.0",))
    assert make("hop", "malt; python_version < '3'").key == make("hop").key


def test_no_code_of_a_package_runs_outside_a_sandbox(house, make, tmp_path):
    trap = tmp_path / "sprung"
    spring = f"import pathlib; pathlib.Path({str(trap)!r}).write_text('x')"
    wheel(
        house,
        "mash",
        "1.0",
        files={"mash.py": spring, "mash.pth": spring, "sitecustomize.py": spring},
    )
    source(house, "lager", "1.0", spring)
    wheel(house, "mash2", "1.0", requires=["mash"])
    assert set(make("mash2").packages) == {"mash==1.0", "mash2==1.0"}
    with pytest.raises(EnvironmentUnavailable, match=r"lager has no wheel .*--allow-build lager"):
        make("lager")
    assert not trap.exists()


def test_a_package_that_does_not_exist_is_the_bundles_fault(house, make, tmp_path):
    wheel(house, "hop", "1.0")
    with pytest.raises(EnvironmentUnsatisfiable) as caught:
        make("hop>=7")
    assert caught.value.requirement == "hop>=7"
    assert "from versions: 1.0" in caught.value.resolver_message
    with pytest.raises(EnvironmentUnsatisfiable, match="no-such-thing"):
        make("no_such_thing")
    assert list((tmp_path / "env" / "envs").iterdir()) == []


def test_requirements_that_exclude_each_other_are_the_bundles_fault(house, make):
    wheel(house, "hop", "1.0", requires=["malt<2"])
    wheel(house, "malt", "1.0")
    wheel(house, "malt", "2.0")
    with pytest.raises(EnvironmentUnsatisfiable, match=r"hop 1\.0 depends on malt<2"):
        make("hop", "malt>=2")


def test_another_python_is_not_the_bundles_fault(house, make):
    wheel(house, "hop", "1.0", python="<3.5")
    with pytest.raises(EnvironmentUnavailable, match="--python"):
        make("hop==1.0")
    with pytest.raises(EnvironmentUnavailable, match=r"wants Python >=4"):
        make(python=">=4")


def test_an_empty_registry_says_nothing_about_a_package(house, make):
    (house / "pip-99.0-py3-none-any.whl").unlink()
    with pytest.raises(EnvironmentUnavailable, match="out of reach"):
        make("hop")


def test_many_at_once_build_one(house, make, tmp_path):
    wheel(house, "hop", "1.0")
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: make("hop"), range(4)))
    assert len({interpreter.executable for interpreter in made}) == 1
    assert len(list((tmp_path / "env" / "envs").iterdir())) == 1


def test_a_builder_that_was_killed_leaves_nothing_that_is_taken_for_an_environment(
    house, make, tmp_path
):
    wheel(house, "hop", "1.0")
    key = make("hop").key
    store = EnvironmentStore(tmp_path / "env")
    record = store.find(key)
    assert record is not None
    (tmp_path / "env" / "records" / f"{key}.json").unlink()
    half = tmp_path / "env" / "envs" / f"{key}-00000000"
    (half / "bin").mkdir(parents=True)
    again = make("hop")
    assert again.packages == ("hop==1.0",)
    assert [p.name for p in (tmp_path / "env" / "envs").iterdir()] == [store.find(key).directory]


def test_a_damaged_environment_is_built_again(house, make, tmp_path):
    wheel(house, "hop", "1.0")
    first = make("hop")
    site = next((tmp_path / "env").glob("envs/*/lib/*/site-packages"))
    for path in (site / "hop-1.0.dist-info").iterdir():
        path.unlink()
    (site / "hop-1.0.dist-info").rmdir()
    again = make("hop")
    assert again.executable != first.executable
    assert again.packages == ("hop==1.0",)


def test_a_disk_that_refuses_is_not_the_bundles_fault(house, make, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    wheel(house, "hop", "1.0")
    monkeypatch.setattr(EnvironmentStore, "publish", full)
    with pytest.raises(EnvironmentUnavailable, match="No space left"):
        make("hop")
    assert list((tmp_path / "env" / "envs").iterdir()) == []


def test_listing_and_pruning(house, make, tmp_path):
    wheel(house, "hop", "1.0")
    key = make("hop").key
    (row,) = list_environments(tmp_path / "env")
    assert row["key"] == key
    assert row["requirements"] == ["hop"]
    assert row["size_bytes"] > 0
    assert facts(tmp_path / "env")["environments"] == 1
    assert prune(tmp_path / "env")["kept"] == [key]
    record = tmp_path / "env" / "records" / f"{key}.json"
    os.utime(record, (0, 0))
    (tmp_path / "env" / "envs" / "dead-1234").mkdir()
    report = prune(tmp_path / "env")
    assert (report["removed"], report["kept"], report["leftovers"]) == ([key], [], 1)
    assert report["freed_bytes"] == row["size_bytes"]
    assert list_environments(tmp_path / "env") == ()


def test_a_given_interpreter_is_used_as_it_is(tmp_path):
    text = '[project]\nname = "x"\ndependencies = ["pydantic", "no-such-thing"]\n'
    interpreter = ensure(text, python=sys.executable, cache_dir=tmp_path / "env")
    assert interpreter.executable == sys.executable
    assert any(p.startswith("pydantic==") for p in interpreter.packages)
    assert not (tmp_path / "env").exists()
    with pytest.raises(InputError, match="does not answer as Python does"):
        ensure(text, python="/bin/true")
    with pytest.raises(InputError, match="no such program"):
        ensure(text, python="/no/such/python")


def test_a_name_that_a_model_may_have_made_up_is_not_installed(house, make, tmp_path):
    wheel(house, "torch_easy_tuner", "1.0")
    with pytest.raises(EnvironmentUnavailable, match="--allow-package torch-easy-tuner"):
        make("torch-easy-tuner", allow_packages=())
    with pytest.raises(EnvironmentUnsatisfiable, match="no package of this name"):
        make("torch-easiest-tuner", allow_packages=())
    assert list_environments(tmp_path / "env") == ()
    assert make("torch-easy-tuner", allow_packages=("torch-easy-tuner",)).packages
    assert make("torch-easy-tuner", "pip", trusted=frozenset({"torch-easy-tuner"}))


def test_an_installer_of_another_name_is_refused(make, tmp_path):
    with pytest.raises(InputError, match="auto, pip or uv"):
        ensure('[project]\ndependencies = ["hop"]', installer="conda", cache_dir=tmp_path)

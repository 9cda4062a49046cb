"""Locks: which version, and which very file, is installed; a hostile lock sends nobody elsewhere.

`pip` and `uv` are run for real on wheels made here; uv's tests need uv.
"""

import hashlib
import json
import os
import shutil

import pytest
from wheelhouse import wheel

from ohgw_tools.environments.environment import ensure
from ohgw_tools.environments.lock_file import LOCK_NAMES, Pin, read_lock
from ohgw_tools.errors import EnvironmentUnavailable, EnvironmentUnsatisfiable

HASH = "sha256:" + "a" * 64
INSTALLERS = ["pip", pytest.param("uv", marks=pytest.mark.uv)]


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A folder of wheels that pip and uv look in, and nowhere else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel(folder, "pip", "99.0")
    for version in ("1.0", "1.1", "2.0"):
        wheel(folder, "hop", version, requires=["malt"])
        wheel(folder, "malt", version)
    for name in [n for n in os.environ if n.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    return folder


@pytest.fixture
def make(tmp_path):
    def call(locks, *lines, installer="pip", **options):
        text = f'[project]\nname = "x"\ndependencies = {json.dumps(lines)}\n'
        return ensure(
            options.pop("pyproject", text),
            cache_dir=tmp_path / "env",
            installer=installer,
            locks=locks,
            allow_packages=("*",),
            **options,
        )

    return call


def digest(folder, name, version):
    content = (folder / f"{name}-{version}-py3-none-any.whl").read_bytes()
    return "sha256:" + hashlib.sha256(content).hexdigest()


def pylock(*pins):
    tables = []
    for name, version, hash_ in pins:
        found = hash_.removeprefix("sha256:")
        wheels = f'[{{name = "x.whl", hashes = {{sha256 = "{found}"}}}}]'
        tables.append(f'[[packages]]\nname = "{name}"\nversion = "{version}"\nwheels = {wheels}\n')
    return 'lock-version = "1.0"\n' + "\n".join(tables)


@pytest.mark.parametrize("installer", INSTALLERS)
def test_versions_and_what_comes_along_are_the_locks(house, make, installer):
    lock = pylock(
        ("hop", "1.1", digest(house, "hop", "1.1")), ("malt", "1.0", digest(house, "malt", "1.0"))
    )
    made = make({"pylock.toml": lock}, "hop>=1", installer=installer)
    assert made.packages == ("hop==1.1", "malt==1.0")
    assert make({}, "hop>=1", installer=installer).packages == ("hop==2.0", "malt==2.0")


@pytest.mark.parametrize("installer", INSTALLERS)
@pytest.mark.parametrize("wrong", ["hop", "malt"])
def test_a_file_that_is_not_the_locks_is_refused(house, make, tmp_path, installer, wrong):
    pins = [(n, "1.0", HASH if n == wrong else digest(house, n, "1.0")) for n in ("hop", "malt")]
    with pytest.raises(EnvironmentUnsatisfiable, match=wrong):
        make({"pylock.toml": pylock(*pins)}, "hop", installer=installer)
    assert list((tmp_path / "env" / "envs").iterdir()) == []


@pytest.mark.parametrize("installer", INSTALLERS)
def test_a_version_that_the_registry_lacks_is_the_bundles_fault(house, make, installer):
    with pytest.raises(EnvironmentUnsatisfiable):
        make({"requirements.txt": "malt==7.0\n"}, "hop", installer=installer)


@pytest.mark.uv
def test_uv_alone_makes_a_whole_environment(house, make):
    made = make({}, "hop==1.0", "malt<2", installer="uv")
    assert made.packages == ("hop==1.0", "malt==1.1")
    with pytest.raises(EnvironmentUnsatisfiable, match="brew"):
        make({}, "brew", "hop", installer="uv")


@pytest.mark.uv
def test_an_empty_registry_says_nothing_about_a_package_with_uv_either(house, make):
    shutil.rmtree(house)
    house.mkdir()
    with pytest.raises(EnvironmentUnavailable, match=r"no wheel|out of reach"):
        make({}, "hop", installer="uv")


def test_a_lock_that_does_not_fit_the_declaration(house, make):
    with pytest.raises(EnvironmentUnsatisfiable, match=r"uv\.lock pins hop==1\.0.*lock it again"):
        make({"uv.lock": UV}, "hop>=2")


def test_environments_are_kept_by_what_the_lock_resolves_to(house, make):
    one = make({"requirements.txt": "hop==1.0\nmalt==1.0\n"}, "hop")
    same = make({"requirements.txt": "# said otherwise\nmalt==1.0\nhop == 1.0\n"}, "hop")
    other = make({"requirements.txt": "hop==1.0\nmalt==1.1\n"}, "hop")
    assert one.key == same.key != other.key
    assert other.packages == ("hop==1.0", "malt==1.1")


def test_requirements_declare_where_pyproject_lists_nothing(house, make):
    text = '[project]\nname = "x"\ndynamic = ["dependencies"]\n'
    made = make({"requirements.txt": "hop<2  # why\nmalt==1.0\n"}, pyproject=text)
    assert made.packages == ("hop==1.1", "malt==1.0")
    with pytest.raises(EnvironmentUnsatisfiable, match=r"URL or a path"):
        make({"requirements.txt": "hop @ https://example.com/hop.whl\n"}, pyproject=text)


UV = """
version = 1
[[package]]
name = "x"
version = "0.1.0"
source = { virtual = "." }
[[package]]
name = "hop"
version = "1.0"
source = { registry = "https://evil.example/simple" }
sdist = { url = "https://evil.example/hop.tar.gz", hash = "sha256:%s" }
[[package]]
name = "malt"
version = "1.0"
source = { git = "https://evil.example/malt.git" }
[[package]]
name = "fork"
version = "3.0"
resolution-markers = ["python_version < '3'", "python_version >= '4'"]
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "fork"
version = "4.0"
resolution-markers = ["python_version >= '3'"]
source = { registry = "https://pypi.org/simple" }
""" % ("b" * 64)
VALUES = {"python_version": "3.12"}


def test_of_a_uv_lock_names_versions_and_hashes_are_taken_alone():
    lock = read_lock({"uv.lock": UV})
    assert lock.applying(VALUES) == (
        Pin(name="fork", version="4.0", marker="(python_version >= '3')"),
        Pin(name="hop", version="1.0", hashes=("sha256:" + "b" * 64,)),
    )
    assert lock.ignored == ("'malt' comes from git, not from the registry",)
    assert "evil" not in lock.model_dump_json()


def test_a_poetry_lock():
    text = f"""
[[package]]
name = "Hop"
version = "1.0"
markers = "python_version >= '3'"
files = [{{file = "hop.whl", hash = "{HASH}"}}, {{file = "old", hash = "md5:1"}}]
[[package]]
name = "malt"
version = "1.0"
[package.source]
type = "directory"
url = "../malt"
"""
    lock = read_lock({"poetry.lock": text})
    assert [(pin.line, pin.hashes) for pin in lock.applying(VALUES)] == [("hop==1.0", (HASH,))]
    assert "directory" in lock.ignored[0]


def test_requirements_with_hashes_options_and_traps():
    text = (
        "--index-url https://evil.example/simple\n-r other.txt\n-e .\n"
        f"hop==1.0 \\\n    --hash={HASH} \\\n    --hash={HASH[:-1]}b  # why\n"
        "malt==1.* \nlager>=2\nale @ file:///etc\n"
        'stout==1.0 ; python_version < "3"\n../up==1\n'
    )
    lock = read_lock({"requirements.txt": text})
    (pin,) = lock.applying(VALUES)
    assert (pin.line, pin.hashes) == ("hop==1.0", (HASH, HASH[:-1] + "b"))
    assert len(lock.ignored) == 5
    assert any("--index-url" in words for words in lock.ignored)


def test_the_first_lock_counts_and_unpinned_requirements_are_none():
    assert LOCK_NAMES[0] == "pylock.toml"
    files = {"uv.lock": UV, "pylock.toml": pylock(("hop", "1.1", HASH))}
    assert read_lock(files).path == "pylock.toml"
    assert read_lock({"requirements.txt": "hop>=1\n"}).path == ""
    assert read_lock({}).pins == ()


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("pylock.toml", "x", "not TOML"),
        ("pylock.toml", 'lock-version = "2.0"\npackages = []', "version 1"),
        ("uv.lock", "version = 1", "no list of packages"),
        ("uv.lock", "package = 'x'", "no list of packages"),
        ("poetry.lock", "[" * 5000, "not TOML"),
        ("requirements.txt", "".join(f"a{n}==1\n" for n in range(2001)), "more than 2000"),
    ],
)
def test_locks_that_are_none(path, text, words):
    with pytest.raises(EnvironmentUnsatisfiable, match=words):
        read_lock({path: text})


def test_entries_that_cannot_be_read_are_said():
    text = '[[package]]\nname = "--index-url=x"\nversion = "1"\n'
    text += '[[package]]\nname = "hop"\nversion = "one"\n[[package]]\nname = "malt"\n'
    assert len(read_lock({"uv.lock": text}).ignored) == 3

"""Directories of data: read in every sandbox, written in none, and no more of the host in sight."""

import json
from pathlib import Path

import pytest

from ohgw_tools.environments.data_cache import HF_HOME, DataCache
from ohgw_tools.errors import InputError
from ohgw_tools.running.staged_run import StagedRun
from ohgw_tools.sandbox import MIB, Limits


@pytest.fixture
def folder(tmp_path_factory):
    """A directory that the users of all sandboxes can read, its parents too."""
    import shutil
    import tempfile

    made = Path(tempfile.mkdtemp(prefix="ohgw-data-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def hub(folder):
    """What Hugging Face's libraries leave: a token, a model with links to blobs, a dataset."""
    (folder / "token").write_text("hf_secret")
    model = folder / "hub" / "models--acme--tiny"
    (model / "blobs").mkdir(parents=True)
    (model / "blobs" / "abc").write_text("weights")
    (model / "snapshots" / "1").mkdir(parents=True)
    (model / "snapshots" / "1" / "model.bin").symlink_to("../../blobs/abc")
    letters = folder / "datasets" / "acme___letters" / "default"
    letters.mkdir(parents=True)
    (letters / "train.arrow").write_text("rows")
    (letters / "old_builder.lock").write_text("")
    return folder


def run(place, program, *entries, **limits):
    sizes = {"wall_seconds": 30, "memory_bytes": 512 * MIB, "work_bytes": MIB, "processes": 32}
    staged = StagedRun(place.sandbox, place.interpreter, {}, data=DataCache(entries), steps=[])
    files = {"main.py": program.encode()}
    return staged.run("smoke", files, ("python", "main.py"), Limits(**(sizes | limits))), staged


def test_a_variable_names_a_directory_that_can_be_read_and_not_written(place, folder):
    (folder / "words.txt").write_text("one two")
    program = """
import os
place = os.environ["WORDS_DIR"]
print(place, open(place + "/words.txt").read(), sorted(os.listdir("/data")))
for call in (lambda: open(place + "/new", "w"), lambda: os.remove(place + "/words.txt"),
             lambda: os.chmod(place + "/words.txt", 0o777), lambda: os.mkdir("/data/x")):
    try:
        call()
        print("LEAK")
    except OSError as error:
        print("no")
"""
    done, staged = run(place, program, f"WORDS_DIR={folder}")
    assert done.stdout.text == "/data/WORDS_DIR one two ['WORDS_DIR']\n" + "no\n" * 4
    assert [path.name for path in folder.iterdir()] == ["words.txt"]
    assert staged.facts()["data"] == {"WORDS_DIR": str(folder)}


def test_a_view_of_hf_home_can_be_locked_and_shows_no_token(place, hub):
    program = """
import os, pathlib
home = pathlib.Path(os.environ["HF_HOME"])
print(sorted(p.name for p in home.iterdir()), os.environ["HF_HUB_OFFLINE"])
print((home / "hub/models--acme--tiny/snapshots/1/model.bin").read_text())
letters = home / "datasets/acme___letters/default"
print((letters / "train.arrow").read_text(), sorted(p.name for p in letters.iterdir()))
(letters / "old_builder.lock").write_text("held")
(home / "hub/models--acme--tiny/refs").mkdir()
found = [str(p) for top in ("/data", str(home)) for p in pathlib.Path(top).rglob("token")]
print(found)
"""
    done, _ = run(place, program, f"HF_HOME={hub}")
    assert done.stdout.text.splitlines() == [
        "['datasets', 'hub'] 1",
        "weights",
        "rows ['train.arrow']",
        "[]",
    ], done.stderr.text
    assert (hub / "datasets/acme___letters/default/old_builder.lock").read_text() == ""
    assert done.artifacts == {}


def test_a_path_in_the_work_directory_leads_to_data(place, folder):
    (folder / "MNIST").mkdir()
    (folder / "MNIST" / "raw").write_text("pixels")
    program = "print(open('data/MNIST/raw').read()); open('r.json', 'w').write('{}')"
    done, _ = run(place, program, f"./data={folder}")
    assert done.stdout.text == "pixels\n", done.stderr.text
    assert (set(done.artifacts), done.refused) == ({"r.json"}, {})


def test_a_large_cache_is_linked_as_whole_directories(place, folder):
    for number in range(90):
        part = folder / "datasets" / f"d{number:02}"
        part.mkdir(parents=True)
        for file in range(60):
            (part / f"{file}.arrow").write_text("")
    program = """
import os, pathlib
home = pathlib.Path(os.environ["HF_HOME"]) / "datasets"
links = sum(p.is_symlink() for p in home.iterdir())
print(sum(len(list(p.iterdir())) for p in home.iterdir()), 0 < links < 90)
"""
    done, _ = run(place, program, f"HF_HOME={folder}")
    assert done.stdout.text == "5400 True\n", done.stderr.text


def test_data_and_permitted_hosts_go_together(place, folder):
    (folder / "x").write_text("x")
    staged = StagedRun(
        place.sandbox, place.interpreter, {}, ("example.com",), data=DataCache([f"D={folder}"])
    )
    program = b"import os; print(os.listdir(os.environ['D']), os.environ['HTTPS_PROXY'][:7])"
    done = staged.run("smoke", {"main.py": program}, ("python", "main.py"), Limits(wall_seconds=30))
    assert done.stdout.text == "['x'] http://\n", done.stderr.text


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("HF_HOME", "NAME=DIRECTORY"),
        ("HF_HOME=", "NAME=DIRECTORY"),
        ("HF_HOME={empty}", "holds none of hub"),
        ("DATA={empty}/missing", "there is no directory"),
        ("PATH={empty}", "neither a variable"),
        ("LD_PRELOAD={empty}", "neither a variable"),
        ("HTTPS_PROXY={empty}", "neither a variable"),
        ("data={empty}", "neither a variable"),
        ("./../up={empty}", "does not stay"),
        ("./={empty}", "does not stay"),
    ],
)
def test_entries_that_cannot_be_used(tmp_path, entry, words):
    with pytest.raises(InputError, match=words):
        DataCache([entry.format(empty=tmp_path)])


@pytest.mark.parametrize("source", ["/", "/etc", "/root", "/home", "/var", "~"])
def test_the_hosts_own_directories_are_no_data(source):
    from ohgw_tools.isolation.data_mount import check_mounts

    place = Path(source).expanduser()
    if not place.is_dir():
        pytest.fail(f"{source} is missing on this machine")
    with pytest.raises(InputError, match="host's own files"):
        check_mounts(DataCache([f"DATA={source}"]).mounts, other_user=False)


def test_what_other_users_may_not_read_is_said_before_the_run(tmp_path):
    from ohgw_tools.isolation.data_mount import check_mounts

    tmp_path.chmod(0o700)
    with pytest.raises(InputError, match="chmod -R a"):
        check_mounts(DataCache([f"DATA={tmp_path}"]).mounts, other_user=True)


@pytest.mark.parametrize("inside", ["/usr/lib", "/data", "/data/../etc", "/work/x"])
def test_data_never_cover_the_sandbox_itself(tmp_path, inside):
    from ohgw_tools.isolation.data_mount import check_mounts

    with pytest.raises(InputError, match="use /data/NAME"):
        check_mounts({inside: str(tmp_path)}, other_user=False)


def test_the_plan_is_plain_data(tmp_path):
    (tmp_path / "hub").mkdir()
    argv = DataCache([f"{HF_HOME}={tmp_path}"]).command(("python", "main.py"))
    assert argv[-2:] == ("python", "main.py")
    assert json.loads(argv[-3])["views"] == {"/data/HF_HOME/hub": "/tmp/data/HF_HOME/hub"}
    assert DataCache([f"D={tmp_path}"]).command(("python", "x")) == ("python", "x")

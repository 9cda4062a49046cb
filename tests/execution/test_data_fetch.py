"""Fetching data beforehand: what a bundle names, from permitted hosts, announced and on record.

The library here is a stand-in that speaks to the proxy; test_real_libraries has the real ones.
"""

import json
import os

import pytest
from execution_bundle import config, make
from local_hub import ADDRESS, local_hub
from wheelhouse import wheel

from ohgw_agent.cli import main
from ohgw_tools.bundles.bundle_file import save
from ohgw_tools.contract import Contract
from ohgw_tools.environments.data_fetch import RECORD
from ohgw_tools.environments.named_data import NamedData, given, named_data
from ohgw_tools.errors import InputError
from ohgw_tools.subject import Subject

CONTRACT = Contract.load("base-derived")
LIBRARY = """
import http.client, os, ssl, urllib.parse
def load_dataset(name, config=None):
    home = os.environ["HF_HOME"]
    hub = urllib.parse.urlsplit(os.environ["HF_ENDPOINT"])
    proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
    context = ssl.create_default_context(capath=os.environ["SSL_CERT_DIR"])
    connection = http.client.HTTPSConnection(proxy.hostname, proxy.port, context=context)
    connection.set_tunnel(hub.hostname, hub.port)
    connection.request("GET", f"/datasets/{name}/resolve/main/data/train.jsonl")
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise FileNotFoundError(name)
    os.makedirs(f"{home}/hub/datasets--x/blobs")
    for path in ("letters/train.arrow", "letters_builder.lock", "../outside"):
        place = f"{home}/datasets/{path}"
        os.makedirs(os.path.dirname(place), exist_ok=True)
        open(place, "wb").write(content)
    os.symlink("train.arrow", f"{home}/datasets/letters/again.arrow")
    return "DatasetDict"
"""


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A folder of wheels that pip looks in, and nowhere else; caches of this test's own."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel(folder, "pip", "99.0")
    wheel(folder, "datasets", "3.0", files={"datasets.py": LIBRARY})
    for name in [n for n in os.environ if n.startswith(("PIP_", "HF_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def bundle(tmp_path):
    body = "from datasets import load_dataset; load_dataset('acme/letters')"
    own = config("alpha", "beta").replace("hum", "letters")
    save(make(body, dependencies='["datasets"]', smoke=own, full=own), tmp_path / "bundle.json")
    return str(tmp_path / "bundle.json")


@pytest.fixture
def hub(tmp_path):
    (tmp_path / "ca").mkdir()
    with local_hub(tmp_path / "ca") as server:
        yield f"{ADDRESS}:{server.server_address[1]}"


def fetch(bundle, tmp_path, hub, *more):
    place = ["env", "fetch", bundle, "--into", str(tmp_path / "hf"), "--installer", "pip"]
    mirror = ["--hub", f"https://{hub}", "--data", f"SSL_CERT_DIR={tmp_path / 'ca'}"]
    return main([*place, *mirror, "--sandbox", "bubblewrap", "--most-gb", "0.1", *more])


def test_what_a_bundle_names_is_fetched_recorded_and_ready_to_be_shown(
    house, bundle, hub, tmp_path, capsys
):
    for folder in (tmp_path, tmp_path.parent, tmp_path / "ca"):
        folder.chmod(0o755)
    assert fetch(bundle, tmp_path, hub, "--allow-host", hub) == 0
    said = capsys.readouterr()
    assert "dataset acme/letters: named by src/train.py:7" in said.out
    assert f"2 files, from {hub}" in said.out
    assert f"--data HF_HOME={tmp_path / 'hf'}" in said.out
    kept = {str(p.relative_to(tmp_path / "hf")) for p in (tmp_path / "hf").rglob("*.*")}
    assert kept == {"datasets/letters/train.arrow", "datasets/letters/again.arrow", RECORD}
    (line,) = (tmp_path / "hf" / RECORD).read_text().splitlines()
    record = json.loads(line)
    assert (record["name"], record["named_by"]) == ("acme/letters", "src/train.py:7")
    assert record["hosts"][0]["result"] == "allowed"
    # A second fetch replaces whole files and adds a line.
    assert fetch(bundle, tmp_path, hub, "--allow-host", hub) == 0
    assert len((tmp_path / "hf" / RECORD).read_text().splitlines()) == 2


def test_a_host_that_was_not_permitted_is_named(house, bundle, hub, tmp_path, capsys):
    assert fetch(bundle, tmp_path, hub, "--allow-host", "example.com") == 3
    assert f"permit it with --allow-host {hub}" in capsys.readouterr().err
    assert not (tmp_path / "hf").exists()


def test_no_host_no_fetch(house, bundle, hub, tmp_path, capsys):
    assert fetch(bundle, tmp_path, hub) == 2
    assert "no host is permitted" in capsys.readouterr().err


def test_a_dry_run_only_says(house, bundle, hub, tmp_path, capsys):
    more = ("--dry-run", "--model", "acme/tiny")
    assert fetch(bundle, tmp_path, hub, *more) == 0
    assert capsys.readouterr().out.splitlines() == [
        "model acme/tiny: named by the command line",
        "dataset acme/letters: named by src/train.py:7",
    ]
    assert not (tmp_path / "hf").exists()


def test_one_that_is_missing_does_not_stop_the_others(house, bundle, hub, tmp_path, capsys):
    more = ("--allow-host", hub, "--dataset", "acme/absent:small", "--model", "acme/tiny")
    assert fetch(bundle, tmp_path, hub, *more) == 3
    said = capsys.readouterr()
    absent = "dataset acme/absent (small) cannot be fetched: FileNotFoundError"
    assert absent in said.err, f"{said.err}"
    assert "model acme/tiny: the environment has no huggingface-hub" in said.err, said.err
    assert (tmp_path / "hf" / "datasets" / "letters").is_dir()


def test_names_in_code_and_configurations():
    code = (
        "from datasets import load_dataset\n"
        "load_dataset('json', data_files='x')\n"
        "load_dataset(path='acme/a', name='small')\n"
        "load_dataset(name)\nload_dataset('/etc/passwd')\nload_dataset('../up')\n"
        "AutoModel.from_pretrained('acme/m', revision='x')\n"
        "hf_hub_download(repo_id='acme/h', filename='f')\n"
        "AutoModel.from_pretrained('./local')\n"
    )
    full = config("alpha").replace("hum", "WIKITEXT_103")
    subject = Subject(make(smoke=config(), full=full, files={"src/data.py": code}), CONTRACT)
    assert [item[:3] for item in named_data(subject)] == [
        ("dataset", "acme/a", "small"),
        ("model", "acme/m", ""),
        ("model", "acme/h", ""),
        ("dataset", "Salesforce/wikitext", "wikitext-103-raw-v1"),
    ]


def test_names_given_by_hand():
    assert given("dataset", "a/b:c") == NamedData("dataset", "a/b", "c")
    for text in ("a/b/c", "-x", "../a", "a b", "a/b:--c", ""):
        with pytest.raises(InputError, match="OWNER/NAME"):
            given("dataset", text)

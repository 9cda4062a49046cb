"""`fix` from end to end: the hosts that a program asked for, reached or refused, are on record."""

import json
import sys

import pytest
from local_hub import ADDRESS, local_hub

from ohgw_agent.cli import main
from ohgw_agent.trace.reader import Reader
from ohgw_tools.contract import parse
from ohgw_tools.errors import ContractError

PROGRAM = """
import http.client, os, urllib.parse
proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
for host, port in (("{address}", {port}), ("data.example.org", 443)):
    connection = http.client.HTTPConnection(proxy.hostname, proxy.port, timeout=20)
    connection.set_tunnel(host, port)
    try:
        connection.connect()
        print("reached")
    except OSError as error:
        print(error)
"""
CONTRACT = """
name: reaching
criteria: {{completeness: {{title: It runs}}}}
has_base: false
files: [main.py]
smoke: {{argv: [python, main.py]}}
full: {{argv: [python, main.py]}}
artifacts: {{results: null, figures: null}}
allow_hosts: ["{address}:{port}"]
rules: {{select: []}}
"""


def test_they_stand_in_the_verdict_that_the_record_keeps(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "ca").mkdir()
    with local_hub(tmp_path / "ca") as hub:
        place = {"address": ADDRESS, "port": hub.server_address[1]}
        derived = {"main.py": PROGRAM.format(**place)}
        bundle = {"base": {}, "derived": derived, "experiment": {"id": "reaching"}}
        (tmp_path / "bundle.json").write_text(json.dumps(bundle))
        (tmp_path / "contract.yaml").write_text(CONTRACT.format(**place))
        runs = tmp_path / "runs"
        words = ["fix", str(tmp_path / "bundle.json"), "--sandbox", "bubblewrap", "-q"]
        words += ["--contract", str(tmp_path / "contract.yaml"), "--runs-dir", str(runs)]
        assert main([*words, "--python", sys.executable]) == 0
    (record,) = runs.glob("*/events.jsonl")
    events = [json.loads(line) for line in record.read_text().splitlines()]
    (event,) = [e for e in events if e["kind"] == "verdict" and e["data"]["stage"] == "sandbox"]
    blob = Reader(record.parent).blobs.get(event["data"]["verdict_blob"])
    steps = json.loads(blob)["facts"]["steps"]
    hosts = {step["name"]: step.get("hosts") for step in steps}
    assert hosts["import-probe"], "importing main.py runs it, so it asks there too"
    assert [(row["host"], row["result"]) for row in hosts["smoke"]] == [
        (ADDRESS, "allowed"),
        ("data.example.org", "refused: not permitted"),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('allow_hosts: ["not a host"]', "allow_hosts.*is not a host name"),
        ('allow_hosts: ["example.com:99999"]', "allow_hosts.*is not a port"),
        ("allow_hosts: example.com", "allow_hosts"),
        ('data: ["HF_HOME"]', "data.*NAME=DIRECTORY"),
        ('data: ["WORDS=/no/such/place"]', "data.*there is no directory"),
    ],
)
def test_a_contract_with_hosts_or_data_that_cannot_be_used_says_so_when_it_is_read(line, words):
    text = CONTRACT.format(address="example.com", port=443)
    text = "\n".join(x for x in text.splitlines() if not x.startswith("allow_hosts"))
    with pytest.raises(ContractError, match=words):
        parse(f"{text}\n{line}\n", "mine.yaml")


def test_a_contract_of_data_that_are_there(tmp_path):
    text = CONTRACT.format(address="example.com", port=443)
    contract = parse(f'{text}\ndata: ["WORDS={tmp_path}"]\n', "mine.yaml")
    assert contract.data == (f"WORDS={tmp_path}",)
    assert contract.allow_hosts == ("example.com:443",)

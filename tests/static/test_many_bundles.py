"""Many bundles judged in one command, and the SARIF that code scanning shows at files."""

import json
from pathlib import Path

import jsonschema
import pytest

from ohgw_agent.cli import main
from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.bundles.bundle_folder import unpack

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "tests" / "schemas" / "sarif-2.1.0.json").read_text())
BAD = (ROOT / "examples" / "quickstart.json").read_text()
GOOD = (ROOT / "tests" / "bundles" / "quickstart-good.json").read_text()


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    (tmp_path / "sub dir").mkdir()
    (tmp_path / "sub dir" / "bad.json").write_text(BAD)
    (tmp_path / "good.json").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def judged(capsys, *words):
    code = main(["validate", "--static-only", *words])
    return code, capsys.readouterr().out


def test_the_worst_bundle_gives_the_exit_code(checkout, capsys):
    (checkout / "broken.json").write_text("{")
    undecided = ["validate", "--sandbox", "none", "-q", "good.json", "good.json"]
    assert judged(capsys, "good.json", "good.json")[0] == 0
    assert main(undecided) == 3
    assert judged(capsys, "good.json", "sub dir/bad.json")[0] == 1
    assert main([*undecided, "sub dir/bad.json"]) == 1
    capsys.readouterr()
    code, text = judged(capsys, "broken.json", "sub dir/bad.json", "good.json")
    assert code == 2
    heads = [line for line in text.splitlines() if line.startswith("== ")]
    assert heads == [
        "== broken.json: cannot be read",
        "== sub dir/bad.json: not ready",
        "== good.json: ready",
    ]


def test_json_holds_each_bundle_as_it_is_alone(checkout, capsys):
    alone = json.loads(judged(capsys, "--json", "sub dir/bad.json")[1])
    code, text = judged(capsys, "--json", "good.json", "nothing.json", "sub dir/bad.json")
    assert code == 2
    good, nothing, bad = json.loads(text)["bundles"]
    assert good["ready"] is True
    assert "nothing.json" in nothing["error"]
    assert bad == {"bundle": "sub dir/bad.json", **alone}


def test_what_is_for_one_bundle_says_so(checkout, capsys):
    for words in (["--format", "junit", "good.json", "good.json"], ["--watch", "a", "b"]):
        assert main(["validate", "--static-only", *words]) == 2
        assert "one bundle" in capsys.readouterr().err


def test_sarif_has_one_run_whose_places_are_files_of_the_checkout(checkout, capsys):
    unpack(load("sub dir/bad.json"), checkout / "unpacked")
    (checkout / "broken.json").write_text("{")
    names = ["good.json", "broken.json", "sub dir/bad.json", "unpacked"]
    assert judged(capsys, "--sarif-file", "log.sarif", *names)[0] == 2
    log = json.loads((checkout / "log.sarif").read_text())
    jsonschema.validate(log, SCHEMA)
    (run,) = log["runs"]
    assert run["automationDetails"]["id"].endswith("/")
    by_file = {}
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        (place,) = [x["physicalLocation"] for x in result["locations"]]
        by_file.setdefault(place["artifactLocation"]["uri"].split("/derived")[0], []).append(result)
    alone = json.loads(judged(capsys, "--json", "sub dir/bad.json")[1])
    count = sum(len(v["findings"]) for v in alone["verdicts"])
    assert {name: len(found) for name, found in by_file.items()} == {
        "broken.json": 1,
        "sub%20dir/bad.json": count,
        "unpacked": count,
    }
    for result in by_file["unpacked"]:
        place = result["locations"][0]["physicalLocation"]
        lines = (checkout / place["artifactLocation"]["uri"]).read_text().splitlines()
        assert place["region"]["startLine"] <= len(lines)
    prints = [r["partialFingerprints"]["primaryLocationLineHash"] for r in run["results"]]
    assert len(set(prints[1 : count + 1])) == count


@pytest.mark.parametrize("form", ["flat", "seed"])
def test_a_place_in_a_json_file_is_the_line_of_the_derived_codes_key(checkout, capsys, form):
    path = checkout / "bundle.json"
    path.write_text(BAD)
    if form == "seed":
        path = ROOT / "tests" / "bundles" / "seed" / "exp-2.bundle.json"
        (checkout / "bundle.json").write_text(path.read_text())
    judged(capsys, "--sarif-file", "log.sarif", "bundle.json")
    (run,) = json.loads((checkout / "log.sarif").read_text())["runs"]
    lines = (checkout / "bundle.json").read_text().splitlines()
    start = next(i for i, text in enumerate(lines) if '"derived"' in text or '"code": {' in text)
    seen = set()
    for result in run["results"]:
        region = result["locations"][0]["physicalLocation"]["region"]
        line = lines[region["startLine"] - 1]
        assert region["startLine"] > start
        key = json.loads(line[region["startColumn"] - 1 : region["endColumn"] - 1])
        name = result["message"]["text"].partition(":")[0]
        assert key == name or key == name.rpartition("/")[2].replace(".", "_")
        seen.add(key)
    assert len(seen) >= 3

"""SARIF of runs: by OASIS's schema and by a parser, with fixes that mend and files that open."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import jsonschema
import pytest
from broken_off_run import not_ready
from sample_run import sample

from ohgw_agent.cli import main
from ohgw_agent.trace.blame import lines_of
from ohgw_agent.trace.export import export
from ohgw_agent.trace.export_options import ExportOptions
from ohgw_agent.trace.history import History
from ohgw_agent.trace.reader import Reader
from ohgw_agent.trace.sarif_fix import replacements
from ohgw_tools.errors import TraceDamaged
from ohgw_tools.tree import Tree

SCHEMA = Path(__file__).parents[1] / "schemas" / "sarif-2.1.0.json"


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(Reader(sample(tmp_path / "runs")))


def valid(log: Any) -> Any:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_bytes()))
    assert [error.message for error in validator.iter_errors(log)] == []
    return log


def mended(text: str, changes: list[dict[str, Any]]) -> str:
    """Put a fix's contents in the places that it names, as an editor does, from the last up."""
    starts = [0]
    for line in lines_of(text):
        starts.append(starts[-1] + len(line))
    for change in reversed(changes):
        region = change["deletedRegion"]
        start = starts[region["startLine"] - 1] + region["startColumn"] - 1
        end = starts[region["endLine"] - 1] + region["endColumn"] - 1
        text = text[:start] + change.get("insertedContent", {"text": ""})["text"] + text[end:]
    return text


@pytest.mark.parametrize("name", ["sarif", "sarif-all"])
@pytest.mark.parametrize("checkout", [False, True])
def test_sarif_follows_the_schema_of_oasis(tmp_path: Path, name: str, checkout: bool) -> None:
    options = ExportOptions(checkout=tmp_path / "files" if checkout else None)
    log = valid(json.loads(export(not_ready(tmp_path / "runs"), name, options)))
    assert log["runs"][-1]["results"]
    log["runs"][-1]["results"][0]["level"] = "terrible"
    with pytest.raises(AssertionError, match="terrible"):
        valid(log)


@pytest.mark.parametrize("name", ["sarif", "sarif-all"])
def test_sarif_is_read_by_a_sarif_parser(tmp_path: Path, name: str) -> None:
    from sarif_pydantic import Sarif

    log = Sarif.model_validate_json(export(not_ready(tmp_path / "runs"), name))
    assert log.version == "2.1.0"
    assert all(run.tool.driver.name == "ohgw-agent" for run in log.runs)
    assert len(log.runs[-1].results or []) == (2 if name == "sarif" else 3)


def test_sarif_has_all_that_github_requires(tmp_path: Path) -> None:
    log = json.loads(export(not_ready(tmp_path / "runs"), "sarif"))
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    category = run["automationDetails"]["id"]
    assert re.fullmatch(r"ohgw/exp-sample/\d{8}T\d{6}Z-[0-9a-f]{8}", category)
    for rule in run["tool"]["driver"]["rules"]:
        assert rule["id"]
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert rule["help"]["text"]
    for result in run["results"]:
        assert result["message"]["text"]
        assert result["partialFingerprints"]["primaryLocationLineHash"]
        place = result["locations"][0]["physicalLocation"]
        assert not re.match(r"[a-z]+:|/", place["artifactLocation"]["uri"])
        assert set(place["region"]) == {"startLine", "startColumn", "endLine", "endColumn"}


def test_sarif_of_all_attempts_tells_new_from_old_and_gone(history: History) -> None:
    log = json.loads(export(history, "sarif-all"))
    states = [[result["baselineState"] for result in run["results"]] for run in log["runs"]]
    assert [sorted(found) for found in states] == [
        ["new", "new", "new"],
        ["absent", "unchanged", "unchanged"],
        ["absent", "unchanged"],
        ["absent"],
    ]
    for run in log["runs"]:
        known = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
        assert {result["ruleId"] for result in run["results"]} <= known


def test_each_patch_on_the_way_is_a_fix_that_makes_the_next_tree(history: History) -> None:
    log = valid(json.loads(export(history, "sarif-all")))
    judged = [a for a in history.attempts if not a.refused and a.verdicts]
    seen = []
    for run, attempt, after in zip(log["runs"], judged, judged[1:], strict=False):
        tree = history.reader.tree(attempt.tree)
        (fix,) = (fix for result in run["results"] for fix in result.get("fixes", []))
        for change in fix["artifactChanges"]:
            path = unquote(change["artifactLocation"]["uri"])
            tree = tree.with_file(path, mended(tree[path], change["replacements"]))
        assert tree.digest == after.tree
        seen.append(fix["description"]["text"].split()[0])
    assert seen == ["p1", "p3", "p4"]
    for run in log["runs"]:
        assert not [r for r in run["results"] if r["baselineState"] == "absent" and "fixes" in r]


TEXTS = ["", "a", "a\n", "a\nb", "a\nb\n", "b\n", "x\na\nb\ny\n", "\n\n", "é\r\nb", "a\n\nb\nc"]


@pytest.mark.parametrize("new", TEXTS)
@pytest.mark.parametrize("old", TEXTS)
def test_replacements_make_the_new_text_of_the_old(old: str, new: str) -> None:
    assert mended(old, list(replacements(old, new))) == new


@pytest.mark.parametrize("name", ["sarif", "sarif-all"])
def test_a_viewer_finds_each_file_of_a_checkout(tmp_path: Path, name: str) -> None:
    run = not_ready(tmp_path / "runs")
    place = tmp_path / "check out é"
    words = ["export", str(run.reader.folder), "--to", name, "-o", str(tmp_path / "log.sarif")]
    assert main([*words, "--checkout", str(place)]) == 0
    log = valid(json.loads((tmp_path / "log.sarif").read_bytes()))
    opened = 0
    for found in log["runs"]:
        for result in found["results"]:
            location = result["locations"][0]["physicalLocation"]
            at = location["artifactLocation"]
            base = found["originalUriBaseIds"][at["uriBaseId"]]["uri"]
            file = Path(unquote(urlsplit(urljoin(base, at["uri"])).path))
            lines = file.read_text(encoding="utf-8").splitlines()
            if result.get("baselineState") != "absent":
                assert "TODO" in lines[location["region"]["startLine"] - 1]
            opened += 1
    assert opened >= 2
    assert main([*words, "--checkout", str(place)]) == 2


def test_a_record_of_somebody_else_writes_nothing_outside_of_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, history: History
) -> None:
    evil = Tree({"../escaped.py": "x = 1\n"})
    monkeypatch.setattr(Reader, "tree", lambda *_, **__: evil)
    with pytest.raises(TraceDamaged, match="escaped"):
        export(history, "sarif", ExportOptions(checkout=tmp_path / "files"))
    assert not (tmp_path / "escaped.py").exists()


def test_an_option_that_means_nothing_to_a_format_is_refused(
    history: History, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(history.reader.folder)
    assert main(["export", folder, "--to", "junit", "--content"]) == 2
    assert "--content means nothing to junit; it is for otlp" in capsys.readouterr().err

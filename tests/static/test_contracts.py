"""Contracts: both built-in ones on bundles of their kind, one's own by the page, faulty ones."""

import re
from pathlib import Path

import pytest
from hydra_bundle import FILES, VARIATIONS, hydra_bundle

from ohgw_tools.check import check
from ohgw_tools.contract import Contract, builtin_names, parse
from ohgw_tools.errors import ContractError
from ohgw_tools.rule import all_rules
from ohgw_tools.running.run_finding import RunFindings
from ohgw_tools.subject import Subject

PAGE = Path(__file__).parents[2] / "docs" / "contracts.md"
HYDRA = Contract.load("hydra")


def found(bundle, contract=HYDRA):
    return {(f.severity, f.rule, f.path) for f in check(bundle, contract).findings}


def test_the_hydra_contract_lets_a_good_bundle_pass():
    verdict = check(hydra_bundle(), HYDRA)
    assert [
        f"{f.rule} {f.place} {f.message}" for f in verdict.findings if f.severity != "info"
    ] == []
    assert verdict.status == "pass"


@pytest.mark.parametrize(
    ("path", "text", "rule"),
    [
        ("config/run/closed-form.yaml", None, "missing-variation"),
        ("config/config.yaml", None, "missing-file"),
        (
            "src/evaluate.py",
            FILES["src/evaluate.py"].replace("savefig", "savefig("),
            "python-syntax",
        ),
        ("src/model.py", FILES["src/model.py"].replace("SOLVERS", "METHODS"), "sibling-import"),
        ("config/run/closed-form.yaml", "run_id: closed-form\nsolver: TODO\n", "placeholder-value"),
        ("src/main.py", FILES["src/main.py"].split("if __name__")[0], "lost-entry-point"),
        (
            "pyproject.toml",
            FILES["pyproject.toml"].replace('"numpy>=1.26", ', ""),
            "undeclared-import",
        ),
    ],
)
def test_the_hydra_contract_finds_the_defects_of_its_family(path, text, rule):
    before, after = found(hydra_bundle()), found(hydra_bundle(**{path: text}))
    assert rule in {name for _, name, _ in after - before}


def test_the_commands_of_hydra_name_every_run():
    argv = Subject(hydra_bundle(), HYDRA).contract.smoke.argv
    assert argv[3:6] == ("-m", "src.main", ",".join(VARIATIONS))
    compile(argv[2], "driver", "exec")
    compile(HYDRA.full.argv[2], "driver", "exec")


def test_criteria_of_every_rule_stand_in_both_contracts():
    for name in builtin_names():
        contract = Contract.load(name)
        for rule in all_rules():
            assert rule.CRITERION in contract.criteria, (name, rule.NAME)
            assert rule.KIND in contract.kinds, (name, rule.NAME)


def test_the_page_s_contract_works_as_the_page_says(tmp_path):
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    place = tmp_path / "own.yaml"
    place.write_text(blocks[0])
    contract = Contract.load(str(place))
    assert contract.name == "one-script"
    for more in blocks[1:]:
        assert parse(blocks[0] + more, "own.yaml").name == "one-script"
    messages = re.findall(r"^```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    with pytest.raises(ContractError) as caught:
        parse(blocks[0].replace("argv:", "command:"), "own.yaml")
    assert str(caught.value) == messages[0].strip()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("name: one-script", "nme: one-script"), "nme"),
        (("- run.py", "- [run.py]"), "files.1"),
        (("ignore: [", "ignored: ["), "rules.ignored"),
        (("short-budget: warning", "short-budget: fatal"), "severity"),
    ],
)
def test_a_faulty_contract_is_refused_with_the_key_at_fault(change, says):
    text = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    whole = text[0] + text[1]
    assert change[0] in whole
    with pytest.raises(ContractError, match=re.escape(says)):
        parse(whole.replace(*change), "own.yaml")


def test_a_contract_that_names_an_unknown_rule_is_refused():
    contract = Contract.load("hydra")
    rules = contract.rules.model_copy(update={"ignore": ("placeholder-coment",)})
    with pytest.raises(ContractError, match="placeholder-comment"):
        check(hydra_bundle(), contract.model_copy(update={"rules": rules}))


def test_rules_of_the_sandbox_stage_take_severities_and_are_ignored_but_not_selected():
    contract = Contract.load("hydra")

    def with_rules(**changes):
        rules = contract.rules.model_copy(update=changes)
        return contract.model_copy(update={"rules": rules})

    named = with_rules(severity={"smoke-timeout": "warning"}, ignore=("error-in-log",))
    assert check(hydra_bundle(), named).status == "pass"
    findings = RunFindings(Subject(hydra_bundle(), named))
    findings.add("smoke-timeout", "too slow")
    findings.add("error-in-log", "an error", severity="error")
    assert [(f.rule, f.severity) for f in findings.all] == [("smoke-timeout", "warning")]
    everything = RunFindings(Subject(hydra_bundle(), with_rules(ignore=("*",))))
    everything.add("smoke-crash", "it crashed")
    assert [f.rule for f in everything.all] == ["smoke-crash"]  # no wildcard makes a crash ready
    with pytest.raises(ContractError, match="found by running"):
        check(hydra_bundle(), with_rules(select=("smoke-crash",)))
    with pytest.raises(ContractError, match="did you mean smoke-timeout"):
        check(hydra_bundle(), with_rules(severity={"smoke-time-out": "info"}))

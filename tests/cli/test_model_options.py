"""Which models, at what price and with which key: from arguments to the settings on record."""

import argparse

import pytest

from ohgw_agent import crew
from ohgw_agent.cli import model_options, options
from ohgw_agent.cli.commands import fix
from ohgw_tools.errors import InputError

LOCAL = ["--base-url", "http://127.0.0.1:9/v1", "--model", "mine"]


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    """No configuration of the user's own, no key."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OHGW_MODEL", "OHGW_REVIEWER_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def settings(*arguments):
    parser = argparse.ArgumentParser()
    fix.configure(parser)
    return options.settings_of(parser.parse_args(["bundle.json", *arguments]))


def table(path, price):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"127.0.0.1: {{as_of: 2026-01-01, models: {{mine: {price}}}}}\n")
    return path


def test_prices_of_ones_own_are_in_the_settings(tmp_path):
    own = table(tmp_path / "prices.yaml", "[1, 2]")
    assert settings(*LOCAL, "--prices", str(own)).proposing.price == (1, 2)
    assert settings(*LOCAL, "--prices", str(own), "--price", "3", "4").proposing.price == (3, 4)
    assert settings(*LOCAL).proposing.price is None


def test_the_users_configuration_is_read_where_nothing_is_said(tmp_path):
    table(tmp_path / "config" / "ohgw-agent" / "prices.yaml", "[5, 6]")
    assert settings(*LOCAL).proposing.price == (5, 6)
    other = table(tmp_path / "other.yaml", "[1, 2]")
    assert settings(*LOCAL, "--prices", str(other)).proposing.price == (1, 2)


def test_a_table_that_cannot_be_read_is_said(tmp_path):
    with pytest.raises(InputError, match=r"gone\.yaml"):
        settings(*LOCAL, "--prices", str(tmp_path / "gone.yaml"))


def test_the_price_given_is_the_proposers_alone(tmp_path):
    own = table(tmp_path / "prices.yaml", "[1, 2]")
    how = settings(*LOCAL, "--price", "3", "4", "--reviewer-model", "other")
    assert (how.proposing.price, how.reviewing.price) == ((3, 4), None)
    how = settings(*LOCAL, "--prices", str(own), "--reviewer-model", "mine")
    assert how.reviewing.price == (1, 2)


def test_a_reviewer_on_its_own_server_never_gets_the_proposers_key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-proposer")
    monkeypatch.setenv("OHGW_REVIEWER_API_KEY", "sk-of-the-reviewer")
    how = settings("--reviewer-model", "r", "--reviewer-base-url", "http://127.0.0.1:8/v1")
    assert how.reviewing.base_url == "http://127.0.0.1:8/v1"
    assert how.proposing.base_url is None
    assert crew.chat_model(how.reviewing, None)._key == "sk-of-the-reviewer"
    assert crew.chat_model(how.proposing, None)._key == "sk-of-the-proposer"
    monkeypatch.delenv("OHGW_REVIEWER_API_KEY")
    assert crew.chat_model(how.reviewing, None)._key == ""
    assert "sk-of" not in how.model_dump_json()


def test_a_reviewer_on_the_same_server_shares_its_key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-proposer")
    how = settings("--reviewer-model", "r")
    assert crew.chat_model(how.reviewing, None)._key == "sk-of-the-proposer"


def test_roles_temperature_and_seed_are_recorded():
    how = settings(*LOCAL, "--temperature", "0.2", "--seed", "5", "--reviewer-model", "r")
    assert (how.proposing.temperature, how.proposing.seed) == (0.2, 5)
    assert (how.reviewing.model, how.reviewing.seed) == ("r", 5)
    again = type(how).model_validate_json(how.model_dump_json())
    assert again == how


def test_candidates_and_their_models():
    how = settings(*LOCAL, "--candidates", "3", "--candidate-model", "b", "--candidate-model", "c")
    assert how.candidates == 3
    assert [m.model for m in how.also_proposing] == ["b", "c"]
    assert {m.base_url for m in how.also_proposing} == {how.proposing.base_url}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--candidates", "0"], "--candidates"),
        (["--candidates", "17"], "--candidates"),
        (["--candidate-model", "b"], "--candidates 2"),
        (["--reviewer-base-url", "http://127.0.0.1:8/v1"], "--reviewer-model"),
    ],
)
def test_what_cannot_be_is_said(arguments, said):
    with pytest.raises(InputError, match=said):
        settings(*LOCAL, *arguments)


def test_every_option_says_what_it_is_for():
    parser = argparse.ArgumentParser()
    model_options.add_model(parser)
    text = parser.format_help()
    for name in ("--candidates", "--candidate-model", "--prices", "--reviewer-base-url"):
        assert name in text

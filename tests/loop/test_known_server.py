"""A record names the server that was asked. It must not get to say where a key goes."""

import pytest

from ohgw_agent.known_server import check_known, servers
from ohgw_agent.settings import ModelSettings, Settings
from ohgw_tools.errors import InputError

ELSEWHERE = "https://models.example/v1"


def asking(url, **more):
    return Settings(proposing=ModelSettings(model="m", base_url=url, **more))


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-user")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


@pytest.mark.parametrize(
    "url",
    [
        ELSEWHERE,
        "http://127.0.0.1.models.example/v1",
        "http://localhost.example",
        "http://10.0.0.1",
    ],
)
def test_a_key_goes_to_no_server_that_only_the_record_names(url):
    with pytest.raises(InputError, match="give --base-url with that address"):
        check_known(asking(url), ["https://other.example/v1"])


@pytest.mark.parametrize(
    "url", [None, "http://127.0.0.1:8000/v1", "http://localhost:8000/v1", "http://[::1]:8000/v1"]
)
def test_servers_of_this_machine_and_the_usual_one_need_no_word(url):
    check_known(asking(url))


def test_what_was_agreed_is_asked(monkeypatch):
    check_known(asking(ELSEWHERE), servers(asking(ELSEWHERE)))
    monkeypatch.setenv("OPENAI_BASE_URL", ELSEWHERE)
    check_known(asking(ELSEWHERE))


def test_a_server_that_gets_no_key_draws_none(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    check_known(asking(ELSEWHERE))


def test_reviewers_and_further_models_are_looked_at_too():
    elsewhere = ModelSettings(model="m", base_url=ELSEWHERE)
    for settings in (Settings(reviewing=elsewhere), Settings(also_proposing=(elsewhere,))):
        with pytest.raises(InputError):
            check_known(settings)


def test_no_other_variable_is_a_key():
    with pytest.raises(InputError, match="AWS_SECRET"):
        check_known(asking("http://127.0.0.1/v1", key_from="AWS_SECRET_ACCESS_KEY"))


def test_a_model_of_the_callers_own_leaves_the_reviewers_server_to_be_looked_at():
    settings = asking(ELSEWHERE).model_copy(
        update={"reviewing": ModelSettings(model="m", base_url=ELSEWHERE)}
    )
    with pytest.raises(InputError):
        check_known(settings, model=True)
    check_known(settings, model=True, reviewer=True)

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_server import Say

from ohgw_agent.chat_model import Message, Question
from ohgw_agent.openai_chat import OpenAIChat
from ohgw_agent.price_table import Price, PriceTable
from ohgw_agent.token_estimate import estimate, upper_bound
from ohgw_tools.errors import InputError


def question(text="hi", **changes):
    return Question(purpose="probe", messages=(Message(role="user", text=text),), **changes)


def test_cost_is_the_servers_figures_at_the_given_price(server):
    model = OpenAIChat("m", base_url=server([Say("x", usage=(1000, 10))]).url, price=(2.5, 10.0))
    assert model.ask(question()).cost_micro_usd == 2500 + 100


def test_a_price_is_known_for_its_host_alone():
    table = PriceTable.load()
    official = table.find("https://api.openai.com/v1", "gpt-4o")
    assert official is not None
    assert table.find("https://api.openai.com/v1", "gpt-4o-2024-08-06") == official
    assert table.find("http://127.0.0.1:8000/v1", "gpt-4o") is None
    assert table.find("https://api.openai.com/v1", "gpt-4o-of-mine") is None


def test_ones_own_table_goes_over_the_built_in_one(tmp_path):
    own = tmp_path / "prices.yaml"
    own.write_text(
        "api.openai.com: {as_of: 2026-01-01, models: {gpt-4o: [1, 2]}}\n"
        "127.0.0.1: {as_of: 2026-01-01, models: {mine: [0, 0]}}\n"
    )
    table = PriceTable.load(str(own))
    assert table.find("https://api.openai.com/v1", "gpt-4o") == Price(input=1, output=2)
    assert table.find("https://api.openai.com/v1", "o3") is not None
    assert table.find("http://127.0.0.1:1/v1", "mine") == Price(input=0, output=0)


@pytest.mark.parametrize(
    "text",
    [
        "- a\n",
        "h: {as_of: soon, models: {}}\n",
        "h: {as_of: 2026-01-01, models: {m: [-1, 2]}}\n",
        "h: {as_of: 2026-01-01, models: {m: [.nan, 2]}}\n",
        "h: [\n",
    ],
)
def test_a_bad_table_says_where(tmp_path, text):
    own = tmp_path / "prices.yaml"
    own.write_text(text)
    with pytest.raises(InputError, match=r"prices\.yaml"):
        PriceTable.load(str(own))


def test_costs_are_rounded_up():
    assert Price(input=0.15, output=0.6).cost(1, 1) == 1
    assert Price(input=0.1, output=0.0).cost(10, 0) == 1
    assert Price(input=0, output=0).cost(10**6, 10**6) == 0


def test_the_worst_case_covers_what_is_asked_and_all_that_may_be_answered():
    model = OpenAIChat("m", base_url="http://127.0.0.1:1/v1", price=(1, 2))
    tokens_in, tokens_out, money = model.worst_case(question("word " * 500, max_output_tokens=9))
    assert tokens_in >= 500
    assert tokens_out == 9
    assert money == tokens_in + 18
    schema = {"type": "object", "description": "word " * 300}
    assert model.worst_case(question(schema_=schema))[0] >= 300


@given(st.text())
def test_the_upper_bound_is_never_below_the_guess_nor_above_the_bytes(text):
    bound = upper_bound([text])
    assert min(estimate(text), len(text.encode(errors="surrogatepass"))) <= bound
    assert bound <= len(text.encode()) + 24

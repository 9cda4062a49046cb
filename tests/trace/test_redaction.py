from __future__ import annotations

import base64
import gzip
import json
import random
from pathlib import Path
from urllib.parse import quote

import pytest
from canaries import CONTEXTS, ENVIRONMENT, TOKENS, all_secrets, everything, forms
from sample_run import Recorder, apply_texts, edit_away, finish, sample_bundle, start_data

from ohgw_agent.trace.reader import Reader
from ohgw_agent.trace.redaction import Redactor, is_secret
from ohgw_agent.trace.run import Run
from ohgw_agent.trace.verification import verify
from ohgw_tools.bundles import bundle_file
from ohgw_tools.errors import TraceError
from ohgw_tools.tree import Tree, sha256

SEED = Path(__file__).parents[1] / "bundles" / "seed"


def leaks(folder: Path) -> list[str]:
    """Every (file, secret) where any form of a secret is found below a folder."""
    found = []
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        content += path.name.encode()
        found += [f"{path.name}: {s[:9]}" for s in all_secrets() for f in forms(s) if f in content]
    return found


def test_more_than_twelve_kinds_are_tried() -> None:
    assert len(TOKENS) >= 12
    assert all(any(form in everything().encode() for form in forms(s)) for s in all_secrets())


@pytest.mark.parametrize("name", sorted(TOKENS))
def test_known_shapes_are_taken_out(name: str) -> None:
    for text in (TOKENS[name], f"x = '{TOKENS[name]}'", json.dumps({"k": TOKENS[name]})):
        clean = Redactor().text(text)
        assert "[REDACTED:" in clean
        assert TOKENS[name].split("\n")[-2 if "\n" in TOKENS[name] else 0] not in clean


@pytest.mark.parametrize("name", sorted(TOKENS))
@pytest.mark.parametrize("before", ["\n", "\t", "'", "=", "\x01", "(", "key=", "u0027 "])
def test_known_shapes_are_taken_out_of_escaped_and_encoded_text(name: str, before: str) -> None:
    token = TOKENS[name]
    raw = (before + token).encode()
    texts = [json.dumps(before + token), json.dumps(json.dumps(before + token))]
    texts += [repr(before + token), quote(before + token, safe=""), base64.b64encode(raw).decode()]
    for text in texts if name != "pem" else texts[:3]:
        assert "[REDACTED:" in Redactor().text(text), text


@pytest.mark.parametrize("name", sorted(TOKENS))
def test_known_shapes_are_taken_out_of_digits_and_of_short_base64(name: str) -> None:
    raw = TOKENS[name].encode()
    digits = (raw.hex(), raw.hex().upper(), "".join(f"%{byte:02X}" for byte in raw))
    for said in (*digits, base64.b64encode(raw).decode()):
        clean = Redactor().text(f"x = '{said}'")
        assert "[REDACTED:encoded-" in clean
        assert said not in clean


def test_digests_are_no_secrets() -> None:
    text = " ".join(sha256(str(number).encode()) for number in range(2000))
    assert Redactor().text(text) == text


HOSTILE = (
    "sk-", "eyJ", "eyJa.", "-----BEGIN PRIVATE KEY-----", "secret='", "Bearer ", "://a:", "gh", "A",
    "api_key = \\", "xoxb-", "AKIA", "token:", "[REDACTED:", "=", "password", "sk-ant-", "hf_",
    "%41", "6b", "F", "%",
)  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_is_searched_in_linear_time(piece: str) -> None:
    """Twice the text takes about twice the steps: a quadratic search would not end in an hour."""
    redactor = Redactor.from_environment(ENVIRONMENT)
    redactor.text(piece * (2_000_000 // len(piece)))


@pytest.mark.parametrize("before", ["# ", "> ", "+", " * ", "    ", "; "])
def test_a_key_of_many_lines_is_taken_out_where_each_line_has_something_before_it(
    before: str,
) -> None:
    commented = "".join(f"{before}{line}\n" for line in TOKENS["pem"].splitlines())
    body = TOKENS["pem"].splitlines()[1]
    assert body not in Redactor().text(commented)
    in_environment = Redactor({"DEPLOY_KEY": TOKENS["pem"]})
    assert body not in in_environment.text(f"{before}{body}\n{before}x = 1\n")


@pytest.mark.parametrize("name", sorted(CONTEXTS))
def test_secrets_known_by_what_stands_around_them_are_taken_out(name: str) -> None:
    template, secret = CONTEXTS[name]
    clean = Redactor().text(template.format(secret))
    assert secret not in clean
    assert clean.replace("[REDACTED", "").count("[") == 0


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
def test_environment_values_are_taken_out_in_every_form(name: str) -> None:
    redactor = Redactor.from_environment(ENVIRONMENT)
    clean = redactor.text(everything()).encode()
    assert not [form for form in forms(ENVIRONMENT[name]) if form in clean]
    assert f"[REDACTED:env:{name}]".encode() in clean


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SSH_AUTH_SOCK", "/tmp/ssh-abcdef/agent.1"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/home/x/key.json"),
        ("PWD", "abcdefghijkl"),
        ("GIT_AUTHOR_NAME", "Some Body Else"),
        ("TOKENIZERS_PARALLELISM", "falsefalse"),
        ("API_KEY", "short"),
        ("KEYBOARD_LAYOUT", "us-international"),
    ],
)
def test_ordinary_variables_are_no_secrets(name: str, value: str) -> None:
    assert not is_secret(name, value)


def test_same_secret_has_the_same_number_all_through_a_run_and_over_sessions(
    tmp_path: Path,
) -> None:
    first, second = TOKENS["github"], TOKENS["github"][::-1].replace("_phg", "") + "9"
    second = "gh" + "p_" + second[:30]
    with Run.create(tmp_path / "runs", {}, redactor=Redactor()) as run:
        data = run.append("note", {"text": f"{first} {second} {first}"}).data
        assert data["text"] == (
            "[REDACTED:github-token#1] [REDACTED:github-token#2] [REDACTED:github-token#1]"
        )
        assert data["redactions"] == {"github-token": 3}
    with Run.open(tmp_path / "runs", run.id, redactor=Redactor()) as again:
        data = again.append("note", {"text": second}).data
        assert data["text"] == "[REDACTED:github-token#2]"
        again.seal("ready", {})
    assert not (run.folder / "redaction.json").exists()


def test_redaction_is_idempotent() -> None:
    redactor = Redactor.from_environment(ENVIRONMENT)
    once = redactor.text(everything())
    assert redactor.text(once) == once


def test_no_secret_reaches_the_disk_by_any_way(tmp_path: Path) -> None:
    """Through the bundle, the config, a prompt, a reply, a log, a traceback, an event's words."""
    secret_text = everything()
    bundle = sample_bundle()
    derived = bundle.derived.with_file("src/secret.py", f'"""\n{secret_text}"""\n')
    derived = derived.with_file("config/smoke_test.yaml", secret_text)
    bundle = bundle.with_derived(derived)
    with Run.create(
        tmp_path / "runs", start_data(bundle), redactor=Redactor.from_environment(ENVIRONMENT)
    ) as run:
        recorder = Recorder(run, derived, log=f"Traceback (most recent call last):\n{secret_text}")
        recorder.judge(derived, None)
        recorder.ask(secret_text, secret_text)
        patch = edit_away("src/train.py", "    # TODO one", f"    '''{secret_text}'''", ())
        assert secret_text in apply_texts(derived, patch)["src/train.py"]
        recorder.patch(patch)
        run.append("note", {"text": secret_text, "author": secret_text[:900], secret_text[:60]: 1})
        run.append("model.failure", {"message": secret_text, "list": [{"deep": secret_text}]})
        finish(recorder)
    assert leaks(tmp_path / "runs") == []
    assert verify(run.folder).level == "sealed"


def test_tree_with_a_secret_is_kept_redacted_and_says_that_it_cannot_be_rebuilt(
    tmp_path: Path,
) -> None:
    tree = Tree({"a.py": f"k = '{TOKENS['github']}'\n", "b.py": "x = 1\n"})
    with Run.create(tmp_path / "runs", {}, redactor=Redactor()) as run:
        run.append("patch", {"result_tree": tree})
    reader = Reader(run.folder)
    with pytest.raises(TraceError, match=r"a\.py held a secret"):
        reader.tree(tree.digest)
    shown = reader.tree(tree.digest, allow_redacted=True)
    assert shown["a.py"] == "k = '[REDACTED:github-token#1]'\n"
    assert shown["b.py"] == "x = 1\n"
    assert verify(run.folder).level == "consistent"


def test_real_bundle_holds_nothing_that_is_taken_for_a_secret() -> None:
    bundle = bundle_file.load(SEED / "exp-2.bundle.json")
    redactor = Redactor()
    for text in [*bundle.base.values(), *bundle.derived.values(), bundle_file.dumps(bundle)]:
        assert redactor.text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "tokenizer.pad_token = tokenizer.eos_token",
        "api_key = os.environ['OPENAI_API_KEY']",
        'api_key = "YOUR_API_KEY"',
        "password: str = Field(default='')",
        "primary_key = 'run_id'",
        "url = 'https://example.org:8080/path@v1'",
        "sk-learn is scikit-learn; task-specific-pretraining-with-adapters",
        "key='lr', secret_santa = 'nobody'",
        "git@github.com:someone/some-repository.git",
        "loss.backward()  # Bearer of bad news in the gradient computation",
    ],
)
def test_ordinary_code_stays_as_it_is(text: str) -> None:
    assert Redactor().text(text) == text


def test_bytes_that_are_no_text_stay_as_they_are() -> None:
    noise = random.Random(7).randbytes(20_000)
    assert Redactor.from_environment(ENVIRONMENT).content(noise) == noise

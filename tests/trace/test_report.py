"""The report in a real browser: inert with hostile content, legible in both themes, on phones."""

from __future__ import annotations

import json
import re
import socket
from itertools import pairwise
from pathlib import Path

import pytest
from browser import Elements, dump
from canaries import ENVIRONMENT, everything
from sample_run import Recorder, edit_away, finish, sample, sample_bundle, start_data
from test_redaction import leaks

from ohgw_agent.cli import main
from ohgw_agent.trace.history import History
from ohgw_agent.trace.reader import Reader
from ohgw_agent.trace.redaction import Redactor
from ohgw_agent.trace.report.markup import Html, el, many
from ohgw_agent.trace.report.page import page
from ohgw_agent.trace.report.plots import short
from ohgw_agent.trace.run import Run
from ohgw_tools.finding import Evidence, Finding, numbered
from ohgw_tools.verdict import Verdict


def payloads(port: int) -> list[str]:
    owned = "document.title='owned'"
    return [
        f"<script>{owned}</script>",
        f"</pre></style></script><script>{owned}</script>",
        f"<img src=x onerror={owned}>",
        f'"><svg onload="{owned}">',
        f"' onmouseover='{owned}' x='",
        f'<iframe src="javascript:{owned}"></iframe>',
        f"<link rel=stylesheet href=http://127.0.0.1:{port}/a.css>",
        f"<img src=http://127.0.0.1:{port}/b.png>",
        f"<meta http-equiv=refresh content='0;url=http://127.0.0.1:{port}/c'>",
        "<!-- ]]> &lt;script&gt; &#60;script&#62;",
        "\x1b[2J\u202eexe.txt\u2066\x00\ud800",
    ]


def hostile(runs: Path, port: int) -> Path:
    """A run in which every word that can come from outside is an attack."""
    bundle = sample_bundle()
    evil = "\n".join(payloads(port)).replace("\ud800", "")
    name = "src/<img src=x onerror=document.title='owned'>.py"
    derived = bundle.derived.with_file(name, f"# TODO evil\n{evil}\nx = 1\n")
    experiment = bundle.experiment.model_copy(update={"id": evil})
    bundle = bundle.model_copy(update={"derived": derived, "experiment": experiment})
    start = start_data(bundle) | {"models": [evil], "label": evil, "platform": evil}
    with Run.create(runs, start, redactor=Redactor()) as run:
        recorder = Recorder(run, derived, log=evil)
        recorder.judge(derived, None)
        recorder.verdict(Verdict.of("static", (_finding(evil, name),)), derived)
        recorder.ask(evil, evil)
        recorder.refused(edit_away(name, evil, evil, ()).model_copy(update={"origin": evil}), evil)
        recorder.patch(edit_away(name, "x = 1\n", f"y = 2\n{evil}\n", ()))
        recorder.verdict(Verdict(stage="sandbox", status="undecided", reason=evil), derived)
        run.append("note", {"text": evil, evil: evil})
        run.append("model.failure", {"message": evil}, actor=f"model:{evil}")
        recorder.verdict(Verdict.of("review", (), None, {evil: evil.encode()}), derived)
        finish(recorder)
    return run.folder


def _finding(evil: str, name: str) -> Finding:
    evidence = Evidence(kind="log", path=evil, quote=evil, note=evil)
    return Finding(
        rule=evil, criterion=evil, kind="omission", severity="error", message=evil, path=name,
        subject=evil, evidence=(evidence,), waived=evil,
    )  # fmt: skip


@pytest.fixture
def listener() -> socket.socket:
    """Something that would notice if the page loaded anything."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    return server


@pytest.mark.browser
@pytest.mark.parametrize("policy", [True, False], ids=["as it is", "without its policy"])
def test_hostile_words_stay_words(tmp_path: Path, listener: socket.socket, policy: bool) -> None:
    port = listener.getsockname()[1]
    markup = page(History(Reader(hostile(tmp_path / "runs", port))))
    if not policy:
        markup, count = re.subn(r'<meta http-equiv="Content-Security[^>]*>', "", markup)
        assert count == 1
    place = tmp_path / "report.html"
    place.write_text(markup, encoding="utf-8")
    seen = Elements(dump(place))
    assert "owned" not in "".join(seen.words[:2])
    harmful = {"script", "iframe", "img", "link", "object", "embed", "base", "form", "input"}
    assert not [tag for tag, _ in seen.found if tag in harmful]
    assert not [name for _, names in seen.found for name in names if name.startswith("on")]
    assert all(link["href"].startswith("#") for link in seen.named("a"))
    assert "<script>document.title='owned'</script>" in "".join(seen.words)
    with pytest.raises(TimeoutError):
        listener.accept()
    listener.close()


def test_title_is_ours_whatever_the_run_says(tmp_path: Path) -> None:
    folder = hostile(tmp_path / "runs", 9)
    assert f"<title>Run {folder.name}</title>" in page(History(Reader(folder)))


def test_control_and_direction_characters_are_spelled_out(tmp_path: Path) -> None:
    markup = page(History(Reader(hostile(tmp_path / "runs", 9))))
    assert not set(markup) & set("\x00\x1b\u202e\u2066\x9b")
    assert "\\u202e" in markup


def test_policy_lets_nothing_but_its_own_style_in(tmp_path: Path) -> None:
    seen = Elements(page(History(Reader(sample(tmp_path / "runs")))))
    policies = [m["content"] for m in seen.named("meta") if "http-equiv" in m]
    assert len(policies) == 1
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; base-uri 'none';"
        r" form-action 'none'",
        policies[0],
    )
    assert not [names for _, names in seen.found if "style" in names]


def test_page_is_made_of_sound_parts(tmp_path: Path) -> None:
    """Ids are unique, links lead somewhere, scrolling boxes can be reached by keyboard."""
    seen = Elements(page(History(Reader(sample(tmp_path / "runs")))))
    named = [names["id"] for _, names in seen.found if "id" in names]
    assert len(named) == len(set(named))
    assert {link["href"][1:] for link in seen.named("a")} <= set(named)
    for tag, names in seen.found:
        if names.get("tabindex") == "0":
            assert names["role"] == "group", tag
            assert names["aria-label"], tag
    levels = [int(tag[1]) for tag, _ in seen.found if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_what_must_be_in_it_is_in_it(tmp_path: Path) -> None:
    folder = sample(tmp_path / "runs")
    history = History(Reader(folder))
    words = " ".join("".join(Elements(page(history)).words).split())
    for needed in (
        history.reader.events[-1].digest,
        "4 of 10",
        "3150",
        "Refused: no-match in src/data.py. the text is not in the file",
        "because v1/todo-left",
        "unmotivated",
        "# TODO one is still to be done",
        "epoch 1 loss 0.5",
        "mend one",
        "No model reviewed",
        f"ohgw-agent verify {history.id} --expect-head",
    ):
        assert needed in words, needed


def test_what_decides_is_shown_before_any_number_of_warnings(tmp_path: Path) -> None:
    bundle = sample_bundle()
    error = _finding("decides", "src/data.py").model_copy(update={"waived": None})
    doubts = [
        error.model_copy(update={"severity": "warning", "subject": str(n), "message": f"doubt {n}"})
        for n in range(400)
    ]
    with Run.create(tmp_path / "runs", start_data(bundle), redactor=Redactor()) as run:
        recorder = Recorder(run, bundle.derived, log="")
        recorder.verdict(Verdict.of("static", numbered([*doubts, error])), bundle.derived)
        finish(recorder)
    text = page(History(Reader(run.folder)))
    assert text.index(">decides<") < text.index(">doubt 0<")
    assert "251 more findings are in the record." in text


def test_report_is_the_same_whenever_it_is_made(tmp_path: Path) -> None:
    folder = sample(tmp_path / "runs")
    assert page(History(Reader(folder))) == page(History(Reader(folder)))


def test_no_secret_is_in_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = sample_bundle()
    secret = everything()
    bundle = bundle.with_derived(bundle.derived.with_file("src/data.py", f"# TODO x\n{secret}"))
    redactor = Redactor.from_environment(ENVIRONMENT)
    with Run.create(tmp_path / "runs", start_data(bundle), redactor=redactor) as run:
        recorder = Recorder(run, bundle.derived, log=secret)
        recorder.judge(bundle.derived, None)
        recorder.ask(secret, secret)
        recorder.patch(edit_away("src/data.py", "# TODO x", f"# {secret}", ()))
        finish(recorder)
    assert main(["report", str(run.folder)]) == 0
    assert (run.folder / "report.html").exists()
    assert leaks(tmp_path / "runs") == []


def test_run_that_broke_off_has_a_report_too(tmp_path: Path) -> None:
    with Run.create(tmp_path / "runs", start_data(sample_bundle()), redactor=Redactor()) as run:
        pass
    assert "the run has not ended" in page(History(Reader(run.folder)))


# Run in a copy of the page without its policy: looks at every text and says what is too faint, and
# whether the page is wider than the window.
LOOK = """
function parts(c) { return c.match(/[\\d.]+/g).map(Number); }
function over(top, under) {
  const a = top.length > 3 ? top[3] : 1;
  return [0, 1, 2].map(i => top[i] * a + under[i] * (1 - a));
}
function ground(node) {
  if (!node || node.nodeType !== 1) return parts(getComputedStyle(document.body).backgroundColor);
  const own = parts(getComputedStyle(node).backgroundColor);
  return own.length > 3 && own[3] === 0 ? ground(node.parentElement) : over(own, [255, 255, 255]);
}
function light(c) {
  const v = c.slice(0, 3).map(x => { x /= 255;
    return x <= .03928 ? x / 12.92 : Math.pow((x + .055) / 1.055, 2.4); });
  return .2126 * v[0] + .7152 * v[1] + .0722 * v[2];
}
document.querySelectorAll('details').forEach(d => { d.open = true; });
const faint = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let texts = 0;
while (walker.nextNode()) {
  const box = walker.currentNode.parentElement, words = walker.currentNode.data.trim();
  if (!words || ['STYLE', 'SCRIPT', 'TITLE', 'DESC'].includes(box.tagName.toUpperCase())) continue;
  texts += 1;
  const style = getComputedStyle(box), svg = box.namespaceURI.endsWith('svg');
  const a = light(parts(svg ? style.fill : style.color)), b = light(ground(box));
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (ratio < 4.5) faint.push([words.slice(0, 30), box.className.toString(), ratio.toFixed(2)]);
}
const root = document.documentElement;
const dark = matchMedia('(prefers-color-scheme: dark)').matches;
const wide = root.scrollWidth - root.clientWidth;
const found = document.createElement('output');
found.textContent = 'LOOKED' + JSON.stringify({texts, faint, dark, wide}) + 'DONE';
document.body.append(found);
"""


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [500, 1200], ids=["phone", "desk"])
def test_text_has_contrast_and_the_page_fits_the_window(
    tmp_path: Path, dark: bool, width: int
) -> None:
    """WCAG 2.2 AA: 4.5 to 1 for every text (1.4.3), no sideways scrolling of the page (1.4.10)."""
    markup = page(History(Reader(hostile(tmp_path / "runs", 9))))
    markup = re.sub(r'<meta http-equiv="Content-Security[^>]*>', "", markup)
    place = tmp_path / "report.html"
    place.write_text(markup.replace("</body>", f"<script>{LOOK}</script></body>"), "utf-8")
    shown = dump(place, width=width, dark=dark)
    match = re.search(r"LOOKED(\{.*?\})DONE</output>", shown)
    assert match is not None
    looked = json.loads(match[1].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
    assert looked["dark"] is dark
    assert looked["texts"] > 100
    assert looked["faint"] == []
    assert looked["wide"] <= 0


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0"), (9_999, "9999"), (753_888, "753k"), (1_500_000, "1.5M"), (99_000_000_000, "99G")],
)
def test_numbers_fit_beside_an_axis(number: int, words: str) -> None:
    assert short(number) == words
    assert len(words) <= 5


def test_markup_escapes_whatever_is_not_markup() -> None:
    assert el("p", "<b>&\"'") == "<p>&lt;b&gt;&amp;&quot;&#x27;</p>"
    assert el("p", el("b", "x"), ["<", None, Html("<i></i>")]) == "<p><b>x</b>&lt;<i></i></p>"
    assert el("a", "x", href='"><script>') == '<a href="&quot;&gt;&lt;script&gt;">x</a>'
    assert many(str(Html("<b>"))) == "&lt;b&gt;"

from __future__ import annotations

import os
import pty
import select
import sys
from pathlib import Path

import pytest
from sample_run import Recorder, sample, sample_bundle, start_data

from ohgw_agent.cli import main
from ohgw_agent.cli.run_browser import Browser
from ohgw_agent.trace.redaction import Redactor
from ohgw_agent.trace.run import Run


def press(browser: Browser, *keys: str) -> str:
    for key in keys:
        browser.press(key, 40)
    return "" if browser.done else "\n".join(browser.frame(200, 40))


def test_from_the_list_to_a_finding_and_back(tmp_path: Path) -> None:
    folder = sample(tmp_path / "runs")
    browser = Browser(tmp_path / "runs")
    assert f"1 runs in {tmp_path}" in press(browser)
    assert folder.name in press(browser)
    shown = press(browser, "open")
    assert "attempt 0: not ready" in shown
    first = next(n for n, line in enumerate(shown.split("\n")) if "  v1  static" in line)
    shown = press(browser, *["down"] * (first - 1), "open")
    assert "src/train.py:5:1: error [todo-left]" in shown
    assert "attempt 0" in press(browser, "back")
    assert press(browser, "back", "back") == ""
    assert browser.done


def test_moving_stays_within_the_lines(tmp_path: Path) -> None:
    sample(tmp_path / "runs")
    browser = Browser(tmp_path / "runs")
    press(browser, "open", "page down", "page down", "end", "down")
    assert "head" in press(browser)
    assert press(browser, "top", "up", "page up").split("\n")[1].startswith(">")


def test_frame_fits_any_window(tmp_path: Path) -> None:
    sample(tmp_path / "runs")
    browser = Browser(tmp_path / "runs")
    browser.press("open", 10)
    for width, height in ((20, 5), (80, 24), (1, 3), (300, 100)):
        lines = browser.frame(width, height)
        assert len(lines) == height
        assert max(map(len, lines)) <= width


def test_run_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    folder = sample(tmp_path / "runs")
    content = (folder / "events.jsonl").read_bytes()
    (folder / "events.jsonl").write_bytes(content.replace(b"propose", b"PROPOSE", 1))
    assert "was altered" in press(Browser(tmp_path / "runs"), "open")


def test_hostile_names_stay_harmless(tmp_path: Path) -> None:
    bundle = sample_bundle()
    evil = bundle.experiment.model_copy(update={"id": "x\x1b[2J\u202e"})
    bundle = bundle.model_copy(update={"experiment": evil})
    with Run.create(tmp_path / "runs", start_data(bundle), redactor=Redactor()) as run:
        Recorder(run, bundle.derived).judge(bundle.derived, None)
    browser = Browser(tmp_path / "runs")
    assert "\x1b" not in press(browser) + press(browser, "open")


def test_without_a_terminal_it_says_what_to_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample(tmp_path / "runs")
    assert main(["runs", "ui", "--runs-dir", str(tmp_path / "runs")]) == 2
    assert "runs show" in capsys.readouterr().err


def test_on_a_real_terminal(tmp_path: Path) -> None:
    """A pseudo-terminal: keys in, screens out, and the terminal as it was before at the end."""
    sample(tmp_path / "runs")
    child, terminal = pty.fork()
    if child == 0:
        os.execv(
            sys.executable,
            [
                sys.executable,
                "-m",
                "ohgw_agent",
                "runs",
                "ui",
                "--runs-dir",
                str(tmp_path / "runs"),
            ],
        )
    seen = read_until(terminal, "quit")
    assert "\x1b[?1049h" in seen
    os.write(terminal, b"\r")
    assert "attempt 0" in read_until(terminal, "attempt 0")
    os.write(terminal, b"\x1b")
    read_until(terminal, "1 runs in")
    os.write(terminal, b"q")
    assert "\x1b[?1049l" in read_until(terminal, "\x1b[?1049l")
    assert os.waitpid(child, 0)[1] == 0


def read_until(terminal: int, words: str) -> str:
    seen = ""
    while words not in seen:
        ready, _, _ = select.select([terminal], [], [], 60)
        assert ready, f"no {words!r} in {seen!r}"
        seen += os.read(terminal, 65536).decode(errors="replace")
    return seen

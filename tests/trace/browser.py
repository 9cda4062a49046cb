"""A real headless Chromium, asked what it makes of a page."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    for name in NAMES:
        if found := shutil.which(name):
            return found
    pytest.fail("no Chromium here: apt-get install chromium, or deselect with -m 'not browser'")


def dump(page: Path, *, width: int = 1200, dark: bool = False) -> str:
    """Return the page's DOM after it was loaded from disk."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            f"--user-data-dir={profile}", f"--window-size={width},2000", "--dump-dom",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}", page.as_uri(),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, check=True, timeout=120)
    return done.stdout.decode()


class Elements(HTMLParser):
    """Every element with its attributes, and the text that is shown."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def named(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name == tag]

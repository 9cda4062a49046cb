"""The page on embedding: its examples run in order, and are typed as a consumer's code would be."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "embedding.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def program(tmp_path):
    """The page as one program: each block at the lines on which it stands."""
    text = PAGE.read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    assert len(blocks) >= 8
    kept = set()
    for block in blocks:
        first = text.count("\n", 0, block.start(1)) + 1
        kept |= set(range(first, first + block[1].count("\n")))
    lines = [line if n in kept else "" for n, line in enumerate(text.splitlines(), 1)]
    path = tmp_path / "embedding_page.py"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    shutil.copy(ROOT / "examples" / "quickstart.json", tmp_path / "bundle.json")
    return path


def test_the_examples_run(program):
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning:__main__", program.name],
        cwd=program.parent, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verdict" in done.stdout


def test_strangers_type_checks_hold(program):
    """mypy --strict over the page and the examples, as somebody does who installed the package."""
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary"]
    done = subprocess.run(
        [*command, program.name, str(ROOT / "examples" / "pipeline.py")],
        cwd=program.parent, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr

"""A folder with bundles to serve."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    shutil.copy(ROOT / "examples" / "quickstart.json", root / "bundle.json")
    shutil.copy(ROOT / "tests" / "bundles" / "quickstart-good.json", root / "good.json")
    return root

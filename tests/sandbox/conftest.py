"""The sandboxes that the suites run over, each made once."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sandbox_place import Place

ALL = [
    "bubblewrap",
    pytest.param("bubblewrap-ordinary-user", marks=pytest.mark.root),
    pytest.param("docker", marks=pytest.mark.docker),
]


@pytest.fixture(scope="session", params=ALL)
def place(request):
    """Each sandbox in turn."""
    made = Place(request.param)
    yield made
    made.close()

"""What pip and uv say when they fail, and which error that is. The texts are theirs, shortened."""

import pytest

from ohgw_tools.environments.resolver_message import explain
from ohgw_tools.errors import EnvironmentUnavailable, EnvironmentUnsatisfiable, WheelMissing

PIP_NOT_FOUND = """\
ERROR: Ignored the following yanked versions: 6.0.2rc1
ERROR: Could not find a version that satisfies the requirement pyyaml>=99 (from versions: 6.0.3)
ERROR: No matching distribution found for pyyaml>=99
"""
PIP_CONFLICT = """\
The conflict is caused by:
    The user requested urllib3<1.20
    requests 2.34.2 depends on urllib3<3 and >=1.26
ERROR: Cannot install requests>=2.30 and urllib3<1.20 because of conflicting dependencies.
ERROR: ResolutionImpossible: for help visit the documentation
"""
PIP_OFFLINE = """\
WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)': /simple/x/
ERROR: Could not find a version that satisfies the requirement x (from versions: none)
ERROR: No matching distribution found for x
"""
PIP_OTHER_PYTHON = """\
ERROR: Ignored the following versions that require a different python version: 1.21.0 \
Requires-Python >=3.7,<3.11; 1.21.1 Requires-Python >=3.7,<3.11
ERROR: Could not find a version that satisfies the requirement numpy==1.21.1 (from versions: 2.0)
ERROR: No matching distribution found for numpy==1.21.1
"""
PIP_FULL = (
    "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"
)
UV_NOT_FOUND = """\
error: No solution found when resolving dependencies
  cause: Because only pyyaml<=6.0.3 is available and you require pyyaml>=99, we can conclude that
         your requirements are unsatisfiable.
"""
UV_NO_WHEEL = """\
error: No solution found when resolving dependencies
  cause: Because antlr4-python3-runtime==4.9.3 has no usable wheels and you require \
antlr4-python3-runtime==4.9.3, we can conclude that your requirements are unsatisfiable.

hint: Wheels are required for `antlr4-python3-runtime` because building from source is disabled
"""
UV_CONFLICT = """\
error: No solution found when resolving dependencies
  cause: Because requests>=2.33.0 depends on urllib3>=1.26,<3 and requests==2.32.0 has no usable
         wheels and you require urllib3<1.20, your requirements are unsatisfiable.

hint: Wheels are required for `requests` because building from source is disabled
"""
UV_OFFLINE = """\
error: Request failed after 3 retries in 10.0s
  cause: Failed to fetch: `https://example.org/simple/x/`
  cause: error sending request for url
"""


@pytest.mark.parametrize(
    ("lines", "text", "line", "words"),
    [
        (["pyyaml>=99"], PIP_NOT_FOUND, "pyyaml>=99", "from versions: 6.0.3"),
        (["pyyaml>=99"], UV_NOT_FOUND, "pyyaml>=99", "only pyyaml<=6.0.3 is available"),
        (["requests", "urllib3<1.20"], UV_CONFLICT, "[project] dependencies", "on urllib3>=1.26"),
        (["requests", "urllib3<1.20"], PIP_CONFLICT, "[project] dependencies", "2.34.2 depends on"),
    ],
)
def test_faults_of_the_bundle(lines, text, line, words):
    error = explain("pip", lines, text)
    assert isinstance(error, EnvironmentUnsatisfiable)
    assert error.requirement == line
    assert words in error.resolver_message
    assert not error.resolver_message.startswith("ERROR: Ignored")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PIP_OFFLINE, "could not reach the package registry"),
        (UV_OFFLINE, "could not reach the package registry"),
        (PIP_OTHER_PYTHON, "exists for other versions of Python alone"),
        (PIP_FULL, "the disk is full"),
        ("Segmentation fault\n", "failed: Segmentation fault"),
        ("", "failed"),
    ],
)
def test_faults_of_this_machine(text, words):
    error = explain("pip", ["x", "numpy==1.21.1"], text)
    assert isinstance(error, EnvironmentUnavailable)
    assert words in str(error)
    assert error.remedy


def test_a_missing_wheel_names_the_package():
    error = explain("uv", ["antlr4-python3-runtime==4.9.3"], UV_NO_WHEEL)
    assert isinstance(error, WheelMissing)
    assert error.name == "antlr4-python3-runtime"

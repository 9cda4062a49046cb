"""Mutated bundle files, every Unicode plane in every language, and a bound on memory."""

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_fuzz import HUGE, QUICK, SEED, bundle, judged

from ohgw_tools.bundle import Bundle
from ohgw_tools.bundles.bundle_file import parse
from ohgw_tools.errors import BundleError

WHOLE = SEED.read_text(encoding="utf-8")
# The first and last code points of the planes that are assigned, and what line ends are not.
PLANES = [chr((plane << 16) + low) for plane in range(17) for low in (0x41, 0x2028, 0xFFFD)]
PLACES = {
    "Python string": ("src/main.py", "x = '{}'\n"),
    "Python comment": ("src/main.py", "# TODO {}\nx = 1\n"),
    "Python name": ("src/main.py", "a{} = 1\nprint(a{})\n"),
    "YAML value": ("config/full_experiment.yaml", "runs:\n- run_id: 'a{}'\n"),
    "YAML key": ("config/full_experiment.yaml", "'{}': 1\n"),
    "TOML value": ("pyproject.toml", '[project]\nname = "{}"\ndependencies = ["a{}"]\n'),
}
GIBIBYTES = 2


@QUICK
@given(st.integers(0, len(WHOLE)), st.integers(0, 400), st.text(max_size=40))
def test_a_mutated_bundle_file_is_a_bundle_or_a_clear_error(start, length, put):
    with suppress(BundleError):
        assert isinstance(parse(WHOLE[:start] + put + WHOLE[start + length :]), Bundle)


@QUICK
@given(st.data())
def test_a_bundle_file_with_values_of_other_types_is_a_bundle_or_a_clear_error(data):
    whole = json.loads(WHOLE)
    place = whole
    for _ in range(5):
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else [0]))
        inner = place[key]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.booleans()):
            break
        place = inner
    place[key] = data.draw(st.none() | st.integers() | st.lists(st.integers()) | st.text())
    with suppress(BundleError):
        assert isinstance(parse(json.dumps(whole)), Bundle)


@pytest.mark.parametrize("name", PLACES)
def test_every_unicode_plane_ends_in_a_verdict(name):
    path, template = PLACES[name]
    everything = "".join(c for c in PLANES if name != "Python name" or c.isidentifier())
    judged(bundle({path: template.replace("{}", everything)}, variations=(everything,)))
    for character in PLANES[:: 5 if name != "Python name" else 3]:
        judged(bundle({path: template.replace("{}", character)}, description=character))


@pytest.mark.timeout(120)
def test_vast_input_is_judged_within_bounded_memory():
    limit = GIBIBYTES << 30
    script = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_fuzz import HUGE, bundle, judged\n"
        "for path, text in HUGE.values():\n"
        "    judged(bundle({path: text}, base={path: text + ' '}, variations=('a',)))\n"
        "print(len(HUGE))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == str(len(HUGE))

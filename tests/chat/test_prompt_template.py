import re
import subprocess
import sys

import pytest

from ohgw_prompts import Template, names


def test_every_prompt_loads_and_fills_with_exactly_its_places():
    assert {"repair-system", "repair-task", "review-system"} <= set(names())
    for name in names():
        template = Template.load(name)
        filled = template.fill(**{place: f"<{place}>" for place in template.places})
        assert not re.search(r"\{\{[a-z_]+\}\}", filled)
        assert all(f"<{place}>" in filled for place in template.places)


def test_a_missing_value_and_an_unknown_one_are_errors():
    template = Template("t", "a {{one}} b {{two}}")
    with pytest.raises(ValueError, match="no value for 'two'"):
        template.fill(one="1")
    with pytest.raises(ValueError, match="no place for 'three'"):
        template.fill(one="1", two="2", three="3")


def test_braces_in_values_are_never_read_as_places():
    assert Template("t", "{{one}}{{two}}").fill(one="{{two}}", two="\\1 {x}") == "{{two}}\\1 {x}"


@pytest.mark.parametrize("name", ["none", "../template", "repair-system.md", ""])
def test_there_are_no_other_prompts(name):
    with pytest.raises(ValueError, match="there are"):
        Template.load(name)


def test_the_package_needs_the_standard_library_alone():
    code = "import sys, ohgw_prompts as p; p.Template.load('repair-system'); print(*sys.modules)"
    out = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, 'prompts'); {code}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=__file__.rpartition("/tests/")[0],
    ).stdout.split()
    assert "pydantic" not in out
    assert "ohgw_tools" not in out

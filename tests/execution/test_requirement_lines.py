"""Requirement lines come from strangers: plain names get through, everything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohgw_tools.environments.requirement import plain_requirement, read_declaration, unmet
from ohgw_tools.errors import EnvironmentUnsatisfiable


def project(dependencies):
    return f'[project]\nname = "x"\ndependencies = {dependencies}\n'


@pytest.mark.parametrize(
    "line",
    [
        "-r /etc/passwd",
        "--index-url=http://127.0.0.1/simple",
        "-e .",
        "-c constraints.txt",
        "hop @ https://example.org/hop.whl",
        "hop @ file:///etc/passwd",
        "hop @ git+ssh://example.org/hop",
        "git+https://example.org/hop",
        "https://example.org/hop.whl",
        "../hop",
        "/tmp/hop",
        "./hop",
        "hop --install-option=x",
        "hop ; os_name == 'posix' --hash=sha256:0",
        "hop\n-r /etc/passwd",
        "hop\r\n--pre",
        "hop\x00",
        "hop>=1\\",
        "${HOME}",
        "hop; extra == '${HOME}' or foo == '1'",
        "",
        "#",
        "h" * 500,
    ],
)
def test_what_is_more_than_a_plain_requirement_is_refused(line):
    with pytest.raises(EnvironmentUnsatisfiable) as caught:
        plain_requirement(line)
    assert caught.value.resolver_message


@given(st.one_of(st.text(max_size=60), st.from_regex(r"[a-z]+ ?[@;<>=\[\]~!, a-z0-9./:$-]*")))
def test_what_gets_through_cannot_be_an_option_or_a_place(line):
    try:
        requirement = plain_requirement(line)
    except EnvironmentUnsatisfiable:
        return
    requirement.marker = None
    text = str(requirement)
    assert not text.startswith("-")
    assert not set(text) & set("@/\\$#;\n\r\t\0 ")
    assert requirement.url is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (project('{ torch = ">=2" }'), "a table; PEP 621 wants a list"),
        (project('"torch"'), "str; PEP 621 wants a list"),
        (project("[1]"), "a requirement is a string"),
        ("[project\n", "is not TOML"),
        ('[tool.poetry.dependencies]\ntorch = "2"\n', "no .project. table"),
        ("project = 3\n", "must be a table"),
        ('[project]\nrequires-python = "three"\n', "three"),
        (project(str(["a"] * 401)), "more than 400"),
    ],
)
def test_a_declaration_that_no_installer_reads_is_refused(text, words):
    with pytest.raises(EnvironmentUnsatisfiable, match=words):
        read_declaration(text)


def test_lines_are_put_into_normal_form():
    declaration = read_declaration(
        project("['PyYAML >= 6', 'pyyaml>=6', 'Scikit_Learn[all]~=1.0']")
    )
    assert declaration.lines == ("pyyaml>=6", "scikit-learn[all]~=1.0")
    assert read_declaration("").lines == ()


def test_markers_decide_and_then_go():
    declaration = read_declaration(project("[\"a; python_version<'3'\", \"b; os_name!='x'\"]"))
    assert [str(r) for r in declaration.applying({"python_version": "3.12"})] == ["b"]


def test_what_an_interpreter_lacks():
    lines = read_declaration(project("['a>=2', 'b', 'c==1.*']")).applying({})
    assert unmet(lines, ("a==1.0", "c==1.5")) == ("a>=2", "b")

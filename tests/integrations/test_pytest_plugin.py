"""The pytest plugin: its fixtures, its mark, what a failing test shows; in a pytest of its own."""

import json
import shutil
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PLUGIN = "ohgw_agent.pytest_plugin"


@pytest.fixture
def project(pytester):
    shutil.copy(ROOT / "examples" / "quickstart.json", pytester.path / "bad.bundle.json")
    good = ROOT / "tests" / "bundles" / "quickstart-good.json"
    shutil.copy(good, pytester.path / "good.bundle.json")
    pytester.makeini("[pytest]\nohgw_static_only = true\naddopts = --strict-markers\n")
    return pytester


def run(project, test, *words):
    """Run a test module, with the plugin as its entry point or, where that is not installed, by
    name: both at once would be two plugins.
    """
    project.makepyfile(test)
    installed = any(point.value == PLUGIN for point in entry_points(group="pytest11"))
    named = [] if installed else ["-p", PLUGIN]
    others = ("cacheprovider", "langsmith_plugin", "anyio", "hypothesispytest")
    quiet = [word for name in others for word in ("-p", f"no:{name}")]
    return project.runpytest_subprocess(*named, *quiet, *words)


def test_the_entry_point_names_the_plugin():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"ohgw": PLUGIN}


def test_a_bundle_that_is_not_ready_fails_with_its_findings(project):
    done = run(
        project,
        """
        def test_good(ohgw_validate):
            assert ohgw_validate("good.bundle.json").ready

        def test_bad(ohgw_validate):
            ohgw_validate("bad.bundle.json")

        def test_bad_in_other_ways(ohgw_validate):
            ohgw_validate("bad.bundle.json", select=["python-syntax", "yaml-syntax"])
        """,
    )
    done.assert_outcomes(passed=2, failed=1)
    done.stdout.fnmatch_lines(["the bundle is not ready: 16", "*src/*: error?undefined-name? *"])
    assert "Finding(" not in done.stdout.str()


def test_the_mark_makes_a_test_of_each_bundle(project):
    shutil.copytree(project.path, project.path / "sub", ignore=shutil.ignore_patterns("sub"))
    done = run(
        project,
        """
        import pytest

        @pytest.mark.ohgw_bundles("*.bundle.json", "sub/good*")
        def test_ready(ohgw_bundle, ohgw_validate):
            assert ohgw_bundle.derived
            ohgw_validate(ohgw_bundle)
        """,
        "-v",
    )
    done.assert_outcomes(passed=2, failed=1)
    done.stdout.fnmatch_lines(["*[[]bad.bundle.json]*", "*[[]sub/good.bundle.json]*"])


@pytest.mark.parametrize("pattern", ["none-*.json", "/tmp/*.json"])
def test_a_mark_that_names_nothing_is_an_error(project, pattern):
    done = run(
        project,
        f"""
        import pytest

        @pytest.mark.ohgw_bundles({pattern!r})
        def test_ready(ohgw_bundle):
            pass
        """,
    )
    assert done.ret != 0
    assert "passed" not in done.stdout.str()
    assert "ohgw_bundles" in done.stdout.str() + done.stderr.str()


def test_what_could_not_be_looked_at_never_passes(project):
    test = """
        def test_it(ohgw_validate):
            ohgw_validate("good.bundle.json", static_only=False, sandbox="none")
        """
    done = run(project, test)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*undecided: sandbox: no sandbox*"])
    run(project, test, "--ohgw-undecided=skip").assert_outcomes(skipped=1)
    done = run(project, test, "--ohgw-undecided=pass")
    done.assert_outcomes(errors=0, failed=1)
    done.stdout.fnmatch_lines(["*fail or skip*"])


def test_compared_findings_are_shown_by_place(project):
    done = run(
        project,
        """
        def test_it(ohgw_judge):
            judgement = ohgw_judge("bad.bundle.json")
            assert judgement.errors == ()
        """,
    )
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        ["*16 findings == ()*", "*config/smoke_test.yaml:2:1: error?missing*"]
    )
    assert "Evidence(" not in done.stdout.str()


def test_a_repair_within_a_test(project):
    done = run(
        project,
        """
        from ohgw_agent import Budget, Settings

        def test_repaired(ohgw_fix, ohgw_validate, tmp_path):
            trace = ohgw_fix("bad.bundle.json")
            assert trace.ready
            assert trace.folder.is_relative_to(tmp_path)
            ohgw_validate(trace.bundle)

        def test_with_other_settings(ohgw_fix):
            settings = Settings(static_only=True, review=False, budget=Budget(attempts=1))
            assert ohgw_fix("bad.bundle.json", settings).stop == "exhausted"
        """,
    )
    done.assert_outcomes(passed=2)


def test_a_project_that_uses_nothing_of_it_pays_nothing(project):
    done = run(
        project,
        """
        import sys

        def test_it():
            loaded = {name.partition(".")[0] for name in sys.modules}
            assert not loaded & {"langgraph", "langchain_core", "pydantic", "openai"}
            assert "ohgw_agent.pytest_plugin" in sys.modules
        """,
    )
    done.assert_outcomes(passed=1)


def test_a_bundle_made_by_the_test_itself(project):
    bundle = json.loads((project.path / "good.bundle.json").read_text())
    bundle["derived"]["src/main.py"] += "\nprint(nobody_defined_this)\n"
    (project.path / "made.json").write_text(json.dumps(bundle))
    done = run(
        project,
        """
        import json
        from ohgw_tools.bundles.bundle_file import parse

        def test_it(ohgw_judge):
            bundle = parse(open("made.json").read())
            assert "undefined-name" in {f.rule for f in ohgw_judge(bundle).errors}
            assert ohgw_judge(bundle, ignore=["undefined-name", "certain-crash"]).ready
        """,
    )
    done.assert_outcomes(passed=1)

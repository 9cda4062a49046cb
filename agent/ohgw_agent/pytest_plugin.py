"""A pytest plugin for the tests of pipelines that make bundles. Found by pytest where it is
installed; importing it imports neither pydantic nor LangGraph.

    @pytest.mark.ohgw_bundles("out/*.bundle.json")
    def test_what_we_generate_is_ready(ohgw_bundle, ohgw_validate):
        ohgw_validate(ohgw_bundle)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ohgw_agent.outcome import Trace
    from ohgw_agent.settings import Settings
    from ohgw_tools.bundle import Bundle
    from ohgw_tools.contract import Contract
    from ohgw_tools.finding import Finding
    from ohgw_tools.sandbox import Sandbox
    from ohgw_tools.verdict import Judgement

SHOWN = 40
_HELP = {
    "ohgw_contract": ("the contract that bundles are judged by", "base-derived"),
    "ohgw_sandbox": ("where bundles are run: auto, docker, bubblewrap or none", "auto"),
    "ohgw_undecided": ("what a test does when a stage could not look: fail or skip", "fail"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings, for the configuration file and for the command line."""
    group = parser.getgroup("ohgw-agent")
    for name, (text, default) in _HELP.items():
        parser.addini(name, text, default=default)
        group.addoption(f"--{name.replace('_', '-')}", help=text)
    parser.addini("ohgw_static_only", "judge bundles without running them", type="bool")
    group.addoption("--ohgw-static-only", action="store_true", help="judge without running")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, so that --strict-markers knows it."""
    config.addinivalue_line(
        "markers",
        "ohgw_bundles(*patterns): run the test once for each bundle that fits, as `ohgw_bundle`;"
        " patterns start at the folder of the test's file",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each bundle that a mark's patterns fit. A pattern that fits none is an
    error: a test of nothing would pass.
    """
    marks = list(metafunc.definition.iter_markers("ohgw_bundles"))
    if not marks or "ohgw_bundle" not in metafunc.fixturenames:
        return
    folder = metafunc.definition.path.parent
    places = [place for mark in marks for text in mark.args for place in _found(folder, text)]
    if not places:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: ohgw_bundles names no bundle")
    unique = list(dict.fromkeys(places))
    names = [_name(place, folder) for place in unique]
    metafunc.parametrize("ohgw_bundle", unique, indirect=True, ids=names)


@pytest.fixture
def ohgw_bundle(request: pytest.FixtureRequest) -> Bundle:
    """The bundle of this test, as the mark `ohgw_bundles` names it."""
    from ohgw_tools.bundles.bundle_file import load

    if not hasattr(request, "param"):
        raise pytest.UsageError("ohgw_bundle needs @pytest.mark.ohgw_bundles('pattern', ...)")
    return load(request.param)


@pytest.fixture
def ohgw_judge(pytestconfig: pytest.Config) -> Callable[..., Judgement]:
    """Judge a bundle and change nothing: `ohgw_judge(bundle) -> Judgement`.

    `bundle` is a Bundle or a path; `contract` (a Contract, a built-in's name or a path),
    `static_only` and `sandbox` take the place of the configuration's; `select` asks these rules
    alone, `ignore` leaves rules out.
    """

    def judge(
        bundle: Bundle | str | Path,
        *,
        contract: Contract | str | None = None,
        static_only: bool | None = None,
        sandbox: str | Sandbox | None = None,
        select: Iterable[str] = (),
        ignore: Iterable[str] = (),
    ) -> Judgement:
        from ohgw_tools.contract import Contract
        from ohgw_tools.judging import judge
        from ohgw_tools.rule import narrowed

        named = contract or _setting(pytestconfig, "ohgw_contract")
        chosen = Contract.load(named) if isinstance(named, str) else named
        return judge(
            _bundle(bundle),
            narrowed(chosen, tuple(select), tuple(ignore)),
            sandbox=sandbox or _setting(pytestconfig, "ohgw_sandbox"),
            static_only=_static_only(pytestconfig) if static_only is None else static_only,
        )

    return judge


@pytest.fixture
def ohgw_validate(
    ohgw_judge: Callable[..., Judgement], pytestconfig: pytest.Config
) -> Callable[..., Judgement]:
    """Judge a bundle as `ohgw_judge` does and fail the test, with the findings, unless it is ready.

    What could not be looked at fails the test or, with `ohgw_undecided = skip`, skips it; it never
    passes.
    """

    def validate(bundle: Bundle | str | Path, **how: Any) -> Judgement:
        __tracebackhide__ = True
        judgement = ohgw_judge(bundle, **how)
        if judgement.errors:
            text = "\n".join(_listing("the bundle is not ready", judgement.errors))
            pytest.fail(text, pytrace=False)
        if judgement.status == "undecided":
            reasons = [f"{v.stage}: {v.reason}" for v in judgement.verdicts if v.reason]
            text = f"undecided: {'; '.join(reasons) or 'a required stage did not look'}"
            if _setting(pytestconfig, "ohgw_undecided") == "skip":
                pytest.skip(text)
            pytest.fail(text, pytrace=False)
        return judgement

    return validate


@pytest.fixture
def ohgw_fix(pytestconfig: pytest.Config, tmp_path: Path) -> Callable[..., Trace]:
    """Repair a bundle: `ohgw_fix(bundle) -> Trace`, with recipes alone and the record in the test's
    own folder. `settings` takes the place of the configuration's; other options are those of
    `ohgw_agent.fix`, such as a scripted `model` or `proposers`.
    """

    def repair(
        bundle: Bundle | str | Path, settings: Settings | None = None, **options: Any
    ) -> Trace:
        from ohgw_agent import Settings, fix

        chosen = settings or Settings(
            contract=_setting(pytestconfig, "ohgw_contract"),
            sandbox=_setting(pytestconfig, "ohgw_sandbox"),
            static_only=_static_only(pytestconfig),
        )
        return fix(_bundle(bundle), chosen, **{"runs_dir": tmp_path / "ohgw-runs", **options})

    return repair


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Show findings by place and message where an assertion compares them: a Finding's own
    representation fills a screen.
    """
    if op not in ("==", "!=", "in", "not in"):
        return None
    if not any(_is_findings(side) for side in (left, right)):
        return None
    lines = [f"{_brief(left)} {op} {_brief(right)}"]
    for side in (left, right):
        if _is_findings(side):
            lines += _listing("the findings", side)  # type: ignore[arg-type]
    return lines


def _is_findings(value: object) -> bool:
    if not isinstance(value, (tuple, list)) or not value:
        return False
    return all(type(item).__module__ == "ohgw_tools.finding" for item in value)


def _brief(value: object) -> str:
    return f"{len(value)} findings" if _is_findings(value) else repr(value)[:200]  # type: ignore[arg-type]


def _listing(head: str, findings: Iterable[Finding]) -> list[str]:
    from ohgw_agent.cli.terminal import harmless

    every = list(findings)
    lines = [f"{head}: {len(every)}"]
    for finding in every[:SHOWN]:
        message = harmless(finding.message, limit=400)
        lines.append(f"  {harmless(finding.place)}: {finding.severity}[{finding.rule}] {message}")
    if len(every) > SHOWN:
        lines.append(f"  and {len(every) - SHOWN} more")
    return lines


def _setting(config: pytest.Config, name: str) -> str:
    value = config.getoption(name) or config.getini(name)
    if name == "ohgw_undecided" and value not in ("fail", "skip"):
        raise pytest.UsageError(f"ohgw_undecided is fail or skip, not {value!r}")
    return str(value)


def _static_only(config: pytest.Config) -> bool:
    return bool(config.getoption("ohgw_static_only") or config.getini("ohgw_static_only"))


def _bundle(given: Bundle | str | Path) -> Bundle:
    from ohgw_tools.bundles.bundle_file import load

    return load(given) if isinstance(given, (str, Path)) else given


def _found(folder: Path, pattern: str) -> list[Path]:
    if Path(pattern).is_absolute():
        raise pytest.UsageError(f"ohgw_bundles: {pattern!r} does not start at the test's folder")
    places = sorted(folder.glob(pattern))
    if not places:
        raise pytest.UsageError(f"ohgw_bundles: nothing below {folder} fits {pattern!r}")
    return places


def _name(place: Path, folder: Path) -> str:
    return str(place.relative_to(folder)) if place.is_relative_to(folder) else str(place)

"""run_stage(): run a bundle in a sandbox, cheapest program first, and say what came of it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pydantic import JsonValue

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.environments.data_cache import DataCache
from ohgw_tools.environments.environment import EnvironmentOptions
from ohgw_tools.errors import CouldNotLook, EnvironmentUnsatisfiable, RunCancelled
from ohgw_tools.finding import numbered
from ohgw_tools.observe import startup_directory
from ohgw_tools.running import import_probe
from ohgw_tools.running.full_run import run_full
from ohgw_tools.running.missing_dependency import (
    Dependencies,
    deferred_module,
    dependencies,
    report_dependency,
    report_environment,
)
from ohgw_tools.running.network_need import network_needed
from ohgw_tools.running.repeated_run import run_repeated
from ohgw_tools.running.run_artifacts import RunArtifacts, command_of
from ohgw_tools.running.run_coverage import report_coverage
from ohgw_tools.running.run_evidence import report_evidence
from ohgw_tools.running.run_finding import RunFindings
from ohgw_tools.running.run_outcome import fatal_tracebacks, report_outcome
from ohgw_tools.running.separate_run import run_evaluation
from ohgw_tools.running.stage_environment import StageEnvironment
from ohgw_tools.running.staged_run import StagedRun
from ohgw_tools.sandbox import Execution, Interpreter, Limits, Sandbox
from ohgw_tools.subject import Subject
from ohgw_tools.verdict import Verdict

# faulthandler turns a crash of the interpreter itself into a place in the bundle.
_ENVIRONMENT = {"PYTHONFAULTHANDLER": "1"}


def run_stage(
    bundle: Bundle,
    contract: Contract,
    sandbox: Sandbox,
    *,
    interpreter: Interpreter | None = None,
    installer: str = "auto",
    environment_options: EnvironmentOptions | None = None,
    observe: bool = True,
    deep: bool = False,
    repeat: int = 1,
    allow_hosts: tuple[str, ...] = (),
    data: tuple[str, ...] = (),
    on_progress: Callable[[str], None] | None = None,
    cancel: threading.Event | None = None,
) -> Verdict:
    """Return the verdict of stage `sandbox` on the derived code.

    Programs run cheapest first and stop at the first stage that fails: every module is imported;
    the contract's smoke test runs, and its evaluation if that is a program of its own; the smoke
    test again, `repeat` times in all and once with other seeds; with `deep` the full experiment,
    its sizes cut. `interpreter` is used as it is; without one the bundle's dependencies are
    installed (see `ohgw_tools.environments.environment`). `data` are directories to read, each
    `NAME=DIRECTORY` (see `ohgw_tools.environments.data_cache`). `observe`
    puts the observer beside the program. What cannot be looked at makes the verdict `undecided`,
    unless something else has failed. Raises RunCancelled when `cancel` is set, InputError for
    hosts or data that cannot be used.
    """
    options = environment_options or EnvironmentOptions()
    if installer != "auto":
        options = options.model_copy(update={"installer": installer})
    findings = RunFindings(Subject(bundle, contract))
    stage = _Stage(findings, sandbox, interpreter, options, on_progress, cancel)
    stage.allow_hosts = (*contract.allow_hosts, *allow_hosts)
    stage.data = DataCache((*contract.data, *data))
    stage.observe = observe
    stage.deep = deep or contract.deep
    stage.repeat = repeat
    reason = ""
    could_not: dict[str, JsonValue] = {}
    try:
        stage.run()
    except RunCancelled:
        raise
    except EnvironmentUnsatisfiable as error:
        report_environment(findings, error)
    except CouldNotLook as error:
        reason, could_not = str(error), {"could_not_look": type(error).__name__}
    facts = {**stage.facts(), **could_not}
    verdict = Verdict.of("sandbox", numbered(findings.all), facts, stage.blobs())
    if verdict.status == "pass" and reason:
        return verdict.model_copy(update={"status": "undecided", "reason": reason})
    return verdict.model_copy(update={"reason": reason})


class _Stage:
    """One pass over the programs of a bundle."""

    def __init__(
        self,
        findings: RunFindings,
        sandbox: Sandbox,
        interpreter: Interpreter | None,
        options: EnvironmentOptions,
        on_progress: Callable[[str], None] | None,
        cancel: threading.Event | None,
    ) -> None:
        self.findings = findings
        self.subject = findings.subject
        self.contract = findings.contract
        self.allow_hosts: tuple[str, ...] = ()
        self.data = DataCache()
        self.observe = True
        self.deep = False
        self.repeat = 1
        self._repeated: dict[str, JsonValue] = {}
        self._looked: dict[str, JsonValue] = {}
        self._sandbox = sandbox
        self._environment = StageEnvironment(self.subject, interpreter, options)
        self._cache_dir = options.cache_dir
        self._on_progress = on_progress
        self._cancel = cancel
        self._deferred: frozenset[str] = frozenset()
        self._runs: StagedRun | None = None
        self._files = {path: text.encode() for path, text in self.subject.files.items()}

    def run(self) -> None:
        """Run the programs in order. Raises CouldNotLook, EnvironmentUnsatisfiable."""
        self._start(self._environment.unneeded())
        execution = self._probe()
        if self._deferred and deferred_module(import_probe.failed_imports(execution), self._known):
            self._start(frozenset())
            execution = self._probe()
        self._report_probe(execution)
        if self.findings.failed:
            return
        smoke = self._smoke()
        self._evaluate(smoke)
        if self.repeat > 1 and self._runs is not None:
            self._repeated = run_repeated(
                self.findings, self._runs, self._files, smoke, self.repeat
            )
        if self.deep and smoke.ok and self._runs is not None:
            run_full(self.findings, self._runs, self._files)
        if self.contract.properties and smoke.ok and not self.findings.failed:
            self._ask_properties(smoke)

    def _ask_properties(self, smoke: Execution) -> None:
        """Watch the program on changed configurations; the smoke test itself is not run again."""
        from ohgw_tools.property import look
        from ohgw_tools.running.probe import Prober

        assert self._runs is not None
        prober = Prober(self.subject, self._runs, smoke)
        looked = look(prober, self.contract.properties)
        for finding in looked.findings:
            self.findings.take(finding)
        self._looked = {
            "asked": [*looked.asked],
            "could_not_look": {**looked.could_not},
            "runs": prober.count,
            "wall_ms": prober.wall_ms,
        }
        if looked.reason:
            raise CouldNotLook(looked.reason)

    def facts(self) -> dict[str, JsonValue]:
        """What was measured, and which declared packages were left out."""
        facts: dict[str, JsonValue] = {"sandbox": self._sandbox.name, **self._environment.facts()}
        if self._runs:
            facts |= {**self._runs.facts(), "packages": [*self._runs.interpreter.packages]}
        if self._repeated:
            facts["repeat"] = self._repeated
        if self._looked:
            facts["properties"] = self._looked
        if self._deferred:
            facts["not_installed"] = [*sorted(self._deferred)]
        return facts

    def blobs(self) -> dict[str, bytes]:
        """Streams and small artifacts, by step."""
        return self._runs.blobs() if self._runs else {}

    def _start(self, omit: frozenset[str]) -> None:
        self._deferred = omit
        interpreter = self._environment.interpreter(omit, self._on_progress, self._cancel)
        self._known: Dependencies = dependencies(self._environment.pyproject, interpreter, omit)
        self._runs = StagedRun(
            self._sandbox,
            interpreter,
            _ENVIRONMENT,
            self.allow_hosts,
            self._cancel,
            startup_directory(self._cache_dir) if self.observe else None,
            self._on_progress,
            data=self.data,
        )

    def _run(self, name: str, argv: tuple[str, ...], limits: Limits) -> Execution:
        assert self._runs is not None
        return self._runs.run(name, self._files, argv, limits)

    def _probe(self) -> Execution:
        limits = import_probe.limits_of(self.contract.smoke.limits)
        return self._run("import-probe", import_probe.command(tuple(self._modules())), limits)

    def _report_probe(self, execution: Execution) -> None:
        for failed in import_probe.failed_imports(execution):
            if failed.traceback is not None and report_dependency(
                self.findings, failed.traceback, self._known, self._imports_alone
            ):
                continue
            import_probe.report(self.findings, execution, failed, self._modules())
        if not execution.ok and not self.findings.failed:
            limits = import_probe.limits_of(self.contract.smoke.limits)
            report_outcome(
                self.findings, execution, limits, program="importing", crash="import-failed"
            )

    def _imports_alone(self, module: str) -> bool:
        limits = import_probe.limits_of(self.contract.smoke.limits)
        return self._run(f"import-{module}", ("python", "-c", f"import {module}"), limits).ok

    def _smoke(self) -> Execution:
        program = self.contract.smoke
        assert self._runs is not None
        execution, seen = self._runs.run_observed(
            "smoke", self._files, command_of(program.argv), program.limits
        )
        need = network_needed(execution, self.allow_hosts)
        if need is not None:
            raise need
        if not execution.ok:
            for _, traceback in fatal_tracebacks(execution):
                if report_dependency(self.findings, traceback, self._known, self._imports_alone):
                    return execution
        report_outcome(
            self.findings, execution, program.limits, program="smoke test", crash="smoke-crash"
        )
        if execution.ok:
            artifacts = RunArtifacts(self.findings, execution)
            artifacts.report(artifacts.expected)
            report_coverage(self.findings, artifacts.run_ids)
        if seen is not None:
            report_evidence(self.findings, seen, finished=execution.ok)
        return execution

    def _evaluate(self, smoke: Execution) -> None:
        program = self.contract.evaluate
        if program is not None and smoke.ok and self._runs is not None:
            run_evaluation(self.findings, self._runs, self._files, program, smoke)

    def _modules(self) -> dict[str, str]:
        """The path of each module of the package, by dotted name; of all modules if it has none."""
        package = self.contract.package
        modules = dict(self.subject.modules)
        own = {n: p for n, p in modules.items() if n == package or n.startswith(f"{package}.")}
        return own or modules

"""Runs one of checkov's runners on the private copy, and says what it parsed, found and skipped."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from msgspec import Struct, field

from assay.detectors.iac.diagnosis import NOT_PARSED, refusal
from assay.detectors.iac.dockerfiles import odd_dockerfiles
from assay.detectors.iac.failures import SkipLog
from assay.detectors.iac.imports.loading import load_runner
from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.iac.syntax import Fault
from assay.detectors.iac.yaml_documents import read_documents

_NO_RAW_DEFINITIONS = frozenset({"terraform", "secrets", "helm", "kustomize", "terraform_plan", "serverless"})
"""Runners that do not keep, by file, what they parsed."""


class Run(Struct, frozen=True, kw_only=True):
    """What a runner left behind."""

    reports: Sequence[Any]
    """checkov's `Report`s of the framework itself."""
    graphs: Sequence[Any] = ()
    """The local graphs from which it checked, rendered."""
    parsed: frozenset[str] | None = None
    """The files that it parsed, where it says so."""
    errors: Mapping[str, Fault] = field(default_factory=dict)
    """The files that it could not parse."""
    manifests: Mapping[str, Any] = field(default_factory=dict)
    """Path → documents, where they are plain manifests of Kubernetes."""


def run(
    framework: str,
    copy: PrivateCopy,
    log: SkipLog,
    prepare: Callable[[Any], Any] | None = None,
    only: Collection[str] | None = None,
) -> Run:
    """Runs it as `checkov -d .` in the root of the copy would. For the process of one part: it changes the working
    folder and checkov's modules.

    `prepare` may replace the runner or bend it to our renderers before it runs. `only` are the files of which verdicts
    are wanted; None: of all.
    """
    from checkov.runner_filter import RunnerFilter

    os.chdir(copy.root)
    runner = load_runner(framework)()
    if prepare is not None:
        runner = prepare(runner)
    if framework == "terraform" and only is not None:
        _check_blocks_of(runner, copy, only)
    graphs = _catch_graphs(runner)
    _run_graph_checks_in_turn(log)
    read_documents(framework, log)
    settings = RunnerFilter(
        framework=[framework],
        download_external_modules=False,
        show_progress_bar=False,
        run_image_referencer=False,
        enable_secret_scan_all_files=False,
    )
    # With `.` the Helm runner puts its temporary folder in the place of every dot in a chart's path.
    root = copy.root if framework == "helm" else "."
    with log:
        report = runner.run(root_folder=root, runner_filter=settings)
    reports = [r for r in (report if isinstance(report, list) else [report]) if r.check_type == framework]
    return Run(
        reports=reports,
        graphs=graphs,
        parsed=_parsed(framework, runner, copy),
        errors=_errors(framework, runner, reports, copy),
        manifests=runner.definitions if framework == "kubernetes" else {},
    )


def _check_blocks_of(runner: Any, copy: PrivateCopy, only: Collection[str]) -> None:
    """Has the checks of single blocks look at those of these files, and not at the rest of the module."""
    run_all_blocks = runner.run_all_blocks

    def run_named(definition: Any, context: Any, key: Any, *rest: Any) -> None:
        if copy.relative(str(key.file_path)) in only:
            run_all_blocks(definition, context, key, *rest)

    runner.run_all_blocks = run_named


def _catch_graphs(runner: Any) -> list[Any]:
    """Keeps the local graphs, which checkov drops once it has turned them into the graph that its checks walk."""
    graphs: list[Any] = []
    manager = runner.graph_manager
    if manager is not None:
        save = manager.save_graph

        def save_graph(graph: Any, *arguments: Any, **options: Any) -> Any:
            graphs.append(graph)
            return save(graph, *arguments, **options)

        manager.save_graph = save_graph
    return graphs


def _run_graph_checks_in_turn(log: SkipLog) -> None:
    """Replaces the thread pools in which checkov loses the exception of a graph check together with its results: that
    of all checks, and those that each of a check's conditions makes for itself, a thread for each block."""
    from checkov.common.checks_infra.solvers.attribute_solvers import base_attribute_solver
    from checkov.common.checks_infra.solvers.resource_solvers import base_resource_solver
    from checkov.common.graph.checks_infra.registry import BaseRegistry

    in_hand = ""
    done: Future[None] = Future()
    done.set_result(None)

    class InTurn:
        def submit(self, function: Callable[..., object], *arguments: object) -> Future[None]:
            try:
                function(*arguments)
            except Exception as error:  # noqa: BLE001  # as below
                log.skipped(log.file_in_hand(error.__traceback__), f"the check {in_hand} crashes on it")
            return done

    for module in (base_attribute_solver, base_resource_solver):
        module.ThreadPoolExecutor = InTurn

    def run_checks(self: Any, graph_connector: Any, runner_filter: Any, report_type: str) -> dict[Any, Any]:
        nonlocal in_hand
        results: dict[Any, Any] = {}
        for check in self.checks:
            in_hand = check.id
            if not runner_filter.should_run_check(check, report_type=report_type):
                continue
            try:
                self.run_check_parallel(check, results, graph_connector)
            except Exception as error:  # noqa: BLE001  # a check may raise anything; it becomes a failure, not silence
                log.skipped(log.file_in_hand(error.__traceback__), f"the check {check.id} crashes on it")
        return results

    BaseRegistry.run_checks = run_checks


def _parsed(framework: str, runner: Any, copy: PrivateCopy) -> frozenset[str] | None:
    if framework in _NO_RAW_DEFINITIONS:
        return None
    return frozenset(copy.relative(str(path)) for path in runner.definitions_raw)


def _errors(framework: str, runner: Any, reports: Sequence[Any], copy: PrivateCopy) -> dict[str, Fault]:
    paths = {copy.relative(str(path)) for report in reports for path in report.parsing_errors}
    found = {path: refusal(framework, copy, path, NOT_PARSED) for path in paths}
    if framework == "terraform":
        for name, error in runner.graph_manager.parser.out_parsing_errors.items():
            path = copy.relative(name)
            found[path] = _hcl_fault(error, copy.lines(path) or [])
    elif framework == "dockerfile":
        found.update(odd_dockerfiles(runner, copy))
    return {path: fault for path, fault in sorted(found.items()) if not _is_blank(copy, path)}


def _hcl_fault(error: Exception, lines: Sequence[str]) -> Fault:
    if isinstance(error, UnicodeDecodeError):
        return Fault(reason="it is not UTF-8", advice="save it as UTF-8, then scan again")
    if isinstance(error, RecursionError):
        return Fault(reason="it is nested too deeply")
    line = getattr(error, "line", None)
    # Of a file that ends too early the parser gives no line.
    at = min(line, max(1, len(lines))) if isinstance(line, int) and line > 0 else None
    return Fault(reason="it is not valid HCL" + (f" at line {at}" if at else ""), line=at)


def _is_blank(copy: PrivateCopy, path: str) -> bool:
    lines = copy.lines(path)
    return lines is not None and not any(line.strip() for line in lines)

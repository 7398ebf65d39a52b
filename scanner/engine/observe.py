"""Looks at targets: lists their files, runs every detector that takes them, and gathers the inventory."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from msgspec import Struct

from assay.scanner.cache.looks import Looks
from assay.scanner.engine.inventory import Header, Inventory, build
from assay.scanner.engine.launch import HostProcess, Start
from assay.scanner.engine.receive import Observed
from assay.scanner.engine.target import PATH, Target, list_target
from assay.scanner.model.detector import DetectorOutcome, DetectorSpec, Remote, Tree
from assay.scanner.model.fact import Location
from assay.scanner.model.resource import EngineVerdict, Failure, Record
from assay.scanner.safe.repository import read_repository
from assay.scanner.safe.text import one_line
from assay.scanner.safe.tree import Listing
from assay.scanner.version import __version__, installed_version

Progress = Callable[[str, str], None]
"""Called with a detector's id and what it is doing now; may come from several threads."""

ENGINE_PACKAGES = ("checkov",)
"""Outside engines whose version belongs to the evidence."""


class Selection(Struct, frozen=True, kw_only=True):
    """Which detectors, and which of their parts, the user wants."""

    only_detectors: tuple[str, ...] = ()
    skip_detectors: tuple[str, ...] = ()
    only_parts: tuple[str, ...] = ()
    skip_parts: tuple[str, ...] = ()
    kinds: tuple[str, ...] | None = None
    """The kinds that the selected rules need, for detectors that look at what is far away; None: all."""
    fields: Mapping[str, tuple[str, ...]] | None = None
    """As of `Remote`."""
    keep: str | None = None
    """As of `Remote`."""

    def wants(self, detector: str) -> bool:
        """Whether a detector runs at all."""
        return detector not in self.skip_detectors and (not self.only_detectors or detector in self.only_detectors)


def observe(
    target: Target,
    specs: Sequence[DetectorSpec],
    selection: Selection,
    jobs: int,
    progress: Progress,
    outputs: Collection[Path] = (),
    listing: Listing | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    start: Start | None = None,
    looks: Looks | None = None,
) -> Inventory:
    """Runs the detectors side by side. What fails is in the inventory; nothing is raised for it.

    `listing` stands in for the target's own files, where an earlier version of them is to be looked at. `start` begins
    a detector's process in another way than by starting Python. `looks` are earlier ones at files.
    """
    started = now()
    listing = listing or list_target(target, outputs)
    outcomes: list[DetectorOutcome] = []
    records: list[Record] = list(_listing_records(listing))
    hosts: list[HostProcess] = []
    for spec in specs:
        trees = [tree for scheme, tree in _trees(target, listing.tree, selection) if scheme in spec.targets]
        if not trees:
            continue  # Nobody asked for anything that it looks at.
        if not selection.wants(spec.id):
            reason = "left out by --only, --skip or the configuration"
            left_out = (spec.id,) if any(tree.files or tree.remote for tree in trees) else ()
            outcomes.append(DetectorOutcome(id=spec.id, status="skipped", reason=reason, left_out=left_out))
            continue
        chosen = (*selection.only_parts, "", *selection.skip_parts)
        for tree in trees:
            trace = None if looks is None or tree.remote else looks.of_tree(spec, tree, chosen)
            hosts.append(HostProcess(spec, tree, selection.only_parts, selection.skip_parts, jobs, start, trace))
    for observed in _run(hosts, jobs, progress):
        outcomes.append(observed.outcome)
        records += observed.records
    header = Header(
        version=__version__,
        engines=engine_versions(),
        targets=target.names,
        repository=read_repository(Path(listing.tree.root)) if target.paths else None,
        folder=one_line(Path(listing.tree.root).name, 200),
        files=len(listing.tree.files),
        started=_rfc3339(started),
        finished=_rfc3339(now()),
    )
    return build(header, outcomes, records)


def _trees(target: Target, files: Tree, selection: Selection) -> Iterator[tuple[str, Tree]]:
    """Scheme and what is looked at, for each sort of target that was named."""
    if target.paths:
        yield PATH, files
    for scheme, names in target.remote.items():
        remote = Remote(
            scheme=scheme,
            names=names,
            kinds=selection.kinds,
            fields=selection.fields,
            narrowed=target.narrowed,
            keep=selection.keep,
        )
        yield scheme, Tree(root="", files=(), remote=remote)


@cache
def engine_versions() -> Mapping[str, str]:
    """The installed version of each outside engine."""
    versions = {package: installed_version(package) for package in ENGINE_PACKAGES}
    return {package: version for package, version in versions.items() if version is not None}


def default_jobs() -> int:
    """As many parts at a time as this process may use processors."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _run(hosts: Sequence[HostProcess], jobs: int, progress: Progress) -> list[Observed]:
    if not hosts:
        return []

    def run(host: HostProcess) -> Observed:
        progress(host.id, "looking")
        observed = host.run(lambda text: progress(host.id, text))
        progress(host.id, observed.outcome.status)
        return observed

    if len(hosts) == 1:
        return [run(hosts[0])]  # Without a thread, so that a process that is forked can have it forked.
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        futures = [pool.submit(run, host) for host in hosts]
        try:
            return [future.result() for future in futures]
        except BaseException:
            # Ctrl-C above all: no child outlives the scan.
            for future in futures:
                future.cancel()
            for host in hosts:
                host.stop()
            raise


def _listing_records(listing: Listing) -> Sequence[Record]:
    """What the walk itself could not look at."""
    failed = [
        Failure(detector="files", part="files", reason=reason, location=Location(path=path))
        for path, reason in listing.unreadable
    ]
    refused = [
        EngineVerdict(
            engine="assay",
            check="link-out-of-target",
            result="unknown",
            resource=path,
            title="A link leads out of the target",
            framework="tree",
            location=Location(path=path),
            reason="links out of the target are not followed",
        )
        for path in listing.links_out
    ]
    return [*failed, *refused]


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

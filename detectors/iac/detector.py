"""The IaC detector: checkov's runners on a private copy of the tree, one part for each framework that is present."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType

from msgspec import structs

from assay.detectors.iac import offline
from assay.detectors.iac.encodable import encodable
from assay.detectors.iac.excerpts import excerpts
from assay.detectors.iac.failures import SkipLog, failure, failures, not_recognised
from assay.detectors.iac.frameworks import BY_FILE, FRAMEWORKS
from assay.detectors.iac.grammar_tables import keep_parser_tables
from assay.detectors.iac.graph_facts import resources
from assay.detectors.iac.helm import HelmCharts
from assay.detectors.iac.imports.loading import lean_imports, load_runner
from assay.detectors.iac.imports.stand_ins import check_unused
from assay.detectors.iac.keys import file_keys, inputs, key, read_by_all
from assay.detectors.iac.kustomize import Kustomizations
from assay.detectors.iac.long_lines import look_once
from assay.detectors.iac.modules import remote_modules
from assay.detectors.iac.multiplication import bound_multiplication
from assay.detectors.iac.pieces import look_in_pieces
from assay.detectors.iac.private_copy import PrivateCopy, make_copy, make_view
from assay.detectors.iac.reach import bearing_on
from assay.detectors.iac.rendering_bound import bound_rendering
from assay.detectors.iac.runners import Run, run
from assay.detectors.iac.skips import PAST_SKIPS, Allowlist, heed_no_skip, inline_waivers, spoken_of
from assay.detectors.iac.speed.ways import take_faster_ways
from assay.detectors.iac.survey import Survey, is_below, survey, without
from assay.detectors.iac.taken_in import taken_in
from assay.detectors.iac.verdicts import unrecognised, unrendered, verdicts
from assay.scanner.api import Emit, EngineVerdict, Failure, Part, Plan, Record, Resource, Tree

Look = Callable[[str, PrivateCopy], Iterator[Record]]
_FEW = 20
"""Files."""
APART = (
    "checkov crashes on files that it takes one by one, and looked at them in groups: what spans them was not seen; "
    "scan their folders one by one"
)


class IacDetector:
    """States what checkov concludes, and the facts of the graphs that it renders."""

    def __init__(self) -> None:
        self._named = self._tree = Tree(root="", files=())
        """What was asked for, and of it what has to be read."""
        self._survey = Survey()
        self._copy: PrivateCopy | None = None

    def plan(self, tree: Tree) -> Plan:
        """A part for each framework that has a file here; `secrets` whenever there is any file."""
        self._look(tree)
        present = [f.id for f in FRAMEWORKS if self._concerns(f.id) or (f.id == "secrets" and tree.files)]
        if not present:
            return Plan(reason="the folder holds no files")
        # A skip comment hides a check's verdict, and a gate that heeds no comment must know it.
        again = [framework for framework in present if self._may_skip(framework)]
        read = read_by_all(self._survey, self._copy_tree())
        return Plan(
            parts=(
                *(self._part(framework, framework, read, self._joined_by(framework, present)) for framework in present),
                *(self._part(f"{framework}{PAST_SKIPS}", framework, read) for framework in again),
            ),
            files=len({path for claimed in self._survey.claims.values() for path in claimed}),
            read=read,
        )

    def _part(self, name: str, framework: str, read: Mapping[str, str], joins: str | None = None) -> Part:
        by_file = framework in BY_FILE
        given = self._needed(framework)
        return Part(
            id=name,
            of=framework if name != framework else None,
            again={"in_pieces": True},
            joins=joins,
            key=None if by_file else key(framework, given, self._survey, read),
            keys=file_keys(framework, self._survey, read) if by_file else None,
        )

    def _joined_by(self, framework: str, present: Sequence[str]) -> str | None:
        """The secrets engine is apart from all else in checkov, and with a few named files it is soon done."""
        if framework != "secrets" or self._tree.only is None or len(self._tree.only) > _FEW:
            return None
        return next((other for other in present if other != framework), None)

    def preload(self, parts: Sequence[Part]) -> None:
        """Imports the runners and makes the copy, which all parts then share."""
        offline.settle_environment()
        gc.disable()
        for part in parts:
            load_runner(part.of or part.id)
        gc.freeze()
        gc.enable()
        self._copy_tree()

    def observe(self, tree: Tree, part: Part, emit: Emit) -> None:
        """Runs one framework, in a process of its own."""
        offline.settle_environment()
        self._look(tree)
        copy = self._copy_tree()
        if copy.aborted is not None:
            emit(failure(part.id, None, copy.aborted))
            return
        gc.set_threshold(100_000, 20, 20)
        if part.known:
            self._survey = without(self._survey, frozenset(part.known))
        look = self._observe_past_skips if part.of else self._observe
        framework = part.of or part.id
        found = self._in_pieces(framework, look, part.seconds / 3) if part.options.get("in_pieces") else None
        for record in look(framework, copy) if found is None else found:
            if _is_wanted(record, tree.only):
                emit(encodable(record))

    def _in_pieces(self, framework: str, look: Look, seconds: float) -> Iterator[Record]:
        """Without the files at which checkov crashes, which are named."""
        whole, every = self._survey, self._copy_tree()
        files = whole.claims.get(framework, frozenset())
        if framework == "terraform":
            files |= {path for path in whole.wanted if ".tfvars" in path}

        def attempt(kept: frozenset[str]) -> Iterator[Record]:
            self._survey = without(whole, files - kept)
            copy = make_copy(every.root, self._survey.wanted, self._tree.folder_links)
            if copy.aborted is not None:
                raise OSError(copy.aborted)
            roots.append(copy)
            # All of it, as a crash at the end takes the beginning along.
            return iter([encodable(record) for record in look(framework, copy)])

        def in_hand(trace: TracebackType | None) -> str | None:
            return SkipLog(roots[-1], files).file_in_hand(trace) if roots else None

        roots: list[PrivateCopy] = []
        pieces = look_in_pieces(sorted(files), attempt, in_hand, seconds)
        yield from pieces.records
        for path, fault in pieces.culprits.items():
            yield failure(framework, path, whole.faults.get(path, fault))
        if pieces.apart:
            yield failure(framework, None, APART)

    def _observe(self, framework: str, copy: PrivateCopy) -> Iterator[Record]:
        folders = self._bundles(framework)
        copy = self._own_copy(framework, copy)
        if copy.aborted is not None:
            yield failure(framework, None, copy.aborted)
            return
        log = SkipLog(copy, self._survey.wanted)
        renderer = _renderer(framework, folders, copy)
        if renderer is not None and (missing := renderer.missing_tool()):
            yield failure(framework, None, missing)
            return
        allowlist = Allowlist() if framework == "secrets" else None
        ran = _run(framework, copy, log, renderer, self._tree.only)
        found = verdicts(ran.reports, copy, framework)
        if allowlist is not None:
            found = list(allowlist.told(found, copy))
        found += remote_modules(ran.graphs, copy, framework)
        found += unrendered(self._unrendered_of(framework) | (log.unrendered & self._read_by(framework)), framework)
        if renderer is not None:
            found += renderer.unknowns()
        objects = list(self._objects(framework, ran, renderer, copy))
        found += [one for one in objects if isinstance(one, EngineVerdict)]
        unread = [one for one in objects if isinstance(one, Failure)]
        stated = [*resources(framework, ran.graphs, copy), *(one for one in objects if isinstance(one, Resource))]
        yield from found
        yield from excerpts(found, stated, copy, framework)
        yield from inline_waivers(self._read_by(framework), copy)
        failed = [*failures(framework, self._survey, copy, ran.errors, log, ran.parsed), *unread]
        named = {one.location.path for one in failed if one.location}
        rest = not_recognised(framework, self._survey, ran.parsed, named | log.unrendered)
        yield from unrecognised(rest, framework)
        yield from failed
        if renderer is not None:
            yield from (one for one in renderer.failures() if one.location is None or one.location.path not in named)
        yield from stated

    def _observe_past_skips(self, framework: str, copy: PrivateCopy) -> Iterator[Record]:
        """What checkov would say without the comments that silence it. What can't be looked at, the first look says."""
        marked = sorted(self._read_by(framework) & self._survey.skipping)
        copy = self._own_copy(framework, copy)
        if copy.aborted is not None:
            yield failure(framework, None, copy.aborted)
            return
        renderer = _renderer(framework, self._bundles(framework), copy)
        if renderer is not None and renderer.missing_tool():
            return
        heed_no_skip()
        ran = _run(framework, copy, SkipLog(copy, self._survey.wanted), renderer, self._tree.only)
        yield from spoken_of(verdicts(ran.reports, copy, framework), copy, marked)

    def _objects(
        self, framework: str, ran: Run, renderer: HelmCharts | Kustomizations | None, copy: PrivateCopy
    ) -> Iterator[Resource | EngineVerdict | Failure]:
        """The Kubernetes objects, as facts."""
        if framework != "kubernetes" and renderer is None:
            return
        from assay.detectors.iac import manifests

        if renderer is None:
            paths = [copy.relative(str(name)) for name in ran.manifests]
            elsewhere = taken_in(self._survey.charts, self._survey.kustomizations, paths, copy)
            yield from manifests.plain(ran.manifests, elsewhere, copy)
        else:
            yield from manifests.rendered(renderer.rendered, copy, framework)

    def _may_skip(self, framework: str) -> bool:
        return not self._read_by(framework).isdisjoint(self._survey.skipping)

    def _read_by(self, framework: str) -> frozenset[str]:
        """The files that a framework's verdicts may speak of."""
        claimed = self._survey.claims.get(framework, frozenset())
        if folders := self._bundles(framework):
            claimed |= {path for path in self._survey.wanted if _is_below_any(path, folders)}
        return claimed

    def _bundles(self, framework: str) -> Sequence[str]:
        """The folders of charts or kustomizations, where the framework is about them."""
        return {"helm": self._survey.charts, "kustomize": self._survey.kustomizations}.get(framework, ())

    def _own_copy(self, framework: str, copy: PrivateCopy) -> PrivateCopy:
        """With the framework's inputs alone. Rendering strikes out and adds files, which other parts must not see."""
        given = self._needed(framework)
        if self._bundles(framework):
            return make_copy(copy.root, given, self._tree.folder_links)
        return copy if len(given) == len(self._survey.wanted) else make_view(copy, given, self._survey.wanted)

    def _needed(self, framework: str) -> Sequence[str]:
        folders = self._bundles(framework)
        if folders:
            return [path for path in self._survey.wanted if _is_below_any(path, folders)]
        return inputs(framework, self._survey)

    def _look(self, tree: Tree) -> None:
        if self._named != tree:
            self._named, self._tree = tree, bearing_on(tree)
            self._survey, self._copy = _of_named(survey(self._tree), self._tree.only), None

    def _copy_tree(self) -> PrivateCopy:
        if self._copy is None:
            tree = self._tree
            self._copy = make_copy(tree.root, self._survey.wanted, tree.folder_links, tree.links, tree.named)
        return self._copy

    def _unrendered_of(self, framework: str) -> frozenset[str]:
        """The unrendered templates that the framework is the first to claim."""
        before = [f.id for f in FRAMEWORKS[: next(i for i, f in enumerate(FRAMEWORKS) if f.id == framework)]]
        claimed = self._survey.claims.get(framework, frozenset()) if framework != "secrets" else frozenset()
        return self._survey.unrendered & claimed - {
            path for other in before for path in self._survey.claims.get(other, ())
        }

    def _concerns(self, framework: str) -> bool:
        claimed = self._survey.claims.get(framework, frozenset())
        only = self._tree.only
        if only is None or framework in ("helm", "kustomize"):
            return bool(claimed)
        return bool(claimed & set(only))


def _run(
    framework: str,
    copy: PrivateCopy,
    log: SkipLog,
    renderer: HelmCharts | Kustomizations | None,
    only: tuple[str, ...] | None,
) -> Run:
    with lean_imports():
        _prepare(framework, copy, log)
        ran = run(framework, copy, log, renderer.prepare if renderer else None, only)
    check_unused()
    return ran


def _prepare(framework: str, copy: PrivateCopy, log: SkipLog) -> None:
    load_runner(framework)
    keep_parser_tables()
    offline.confine(framework, copy.root)
    if framework in ("terraform", "terraform_plan", "terraform_json"):
        bound_multiplication(copy, log)
        bound_rendering(copy, log)
    if framework == "secrets":
        look_once()
    take_faster_ways(framework)


def _renderer(framework: str, folders: Sequence[str], copy: PrivateCopy) -> HelmCharts | Kustomizations | None:
    if framework == "helm":
        return HelmCharts(folders, copy)
    if framework == "kustomize":
        return Kustomizations(folders, copy)
    return None


def _of_named(whole: Survey, only: tuple[str, ...] | None) -> Survey:
    """Where single files are judged: without others of the frameworks that look at each file by itself."""
    if only is None:
        return whole
    claims = {name: paths & set(only) if name in BY_FILE else paths for name, paths in whole.claims.items()}
    return structs.replace(whole, claims={name: paths for name, paths in claims.items() if paths})


def _is_below_any(path: str, folders: Sequence[str]) -> bool:
    return any(is_below(path, folder) for folder in folders)


def _is_wanted(record: Record, only: tuple[str, ...] | None) -> bool:
    """Where the user named files, findings are for those; facts are kept, as rules join them, and what failed elsewhere
    is told apart by the engine."""
    if only is None:
        return True
    location = record.location if isinstance(record, EngineVerdict) else None
    path = location.path if location is not None else getattr(record, "path", None)
    return path is None or path in only

"""Options that several commands share, and what they mean together with the configuration file."""

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import cast

from msgspec import Struct

from assay.policies.book import Book
from assay.scanner.config.settings import Settings
from assay.scanner.config.trust import PolicyPlace
from assay.scanner.engine.credentials import environment
from assay.scanner.engine.judge import Wanted
from assay.scanner.engine.observe import Selection, default_jobs
from assay.scanner.engine.target import Target, parse_targets
from assay.scanner.errors import UsageError
from assay.scanner.model.detector import ROLE, DetectorSpec, Narrowed
from assay.scanner.model.finding import SEVERITIES, Severity
from assay.scanner.safe.text import one_line
from assay.scanner.safe.tree import is_inside

DEFAULT_PACKS = ("gdpr", "hipaa")
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,3}-\d{1,2}")
_SERVICE = re.compile(r"[a-z0-9-]{2,40}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_ROLE = re.compile(r"[\w+=,.@/-]{1,512}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)


Check = Callable[[Sequence[str], Mapping[str, str]], str | None]
"""Of a detector's line in the registry."""


class Chosen(Struct, frozen=True, kw_only=True):
    """What `--only` and `--skip` come to."""

    selection: Selection = Selection()
    rules: Wanted = Wanted()
    notes: tuple[str, ...] = ()
    """What was left out, and who said so; one line each."""


def add_targets(parser: argparse.ArgumentParser) -> None:
    """What to look at, and `--namespaces`."""
    parser.add_argument(
        "target",
        nargs="*",
        default=["."],
        metavar="TARGET",
        help="a folder, a file, kube:CONTEXT, aws:PROFILE, aws-org:PROFILE or asset:PATH (default: .)",
    )
    parser.add_argument(
        "--namespaces",
        action="append",
        default=[],
        metavar="NAME,…",
        help="of clusters, look at these namespaces only, and at what has none",
    )
    parser.add_argument(
        "--regions", action="append", default=[], metavar="NAME,…", help="of accounts, look at these regions only"
    )
    parser.add_argument(
        "--services", action="append", default=[], metavar="NAME,…", help="of accounts, look at these services only"
    )
    parser.add_argument(
        "--accounts", action="append", default=[], metavar="ID,…", help="of organisations, look at these accounts only"
    )
    parser.add_argument(
        "--role", metavar="NAME", help=f"of organisations, the role to assume in each account (default: {ROLE})"
    )
    parser.add_argument(
        "--external-id", metavar="ID", help="of organisations, the external id that the role's trust policy asks for"
    )


def targets(args: argparse.Namespace, specs: Sequence[DetectorSpec]) -> Target:
    """Raises UsageError for a target that nothing looks at, or that isn't there as far as configuration tells."""
    schemes = frozenset(scheme for spec in specs for scheme in spec.targets)
    files = frozenset(scheme for spec in specs if "named-files" in spec.capabilities for scheme in spec.targets)
    folders = frozenset(scheme for spec in specs if "named-folders" in spec.capabilities for scheme in spec.targets)
    target = parse_targets(args.target, schemes, _narrowed(args), files, folders)
    for spec in specs:
        names = [name for scheme, found in target.remote.items() if scheme in spec.targets for name in found]
        if spec.check and names:
            module, _, function = spec.check.partition(":")
            check = cast(Check, getattr(import_module(module), function))
            if wrong := check(names, environment()):
                raise UsageError(wrong)
    return target


def _narrowed(args: argparse.Namespace) -> Narrowed:
    return Narrowed(
        namespaces=tuple(namespaces(args.namespaces)),
        regions=tuple(_listed("--regions", args.regions, _REGION, "a region's name, such as eu-west-1")),
        services=tuple(services(args.services)),
        accounts=tuple(_listed("--accounts", args.accounts, _ACCOUNT, "an account's id, of 12 digits")),
        role=role(args.role) if args.role is not None else "",
        external_id=external_id(args.external_id),
    )


def namespaces(given: Sequence[str]) -> Sequence[str]:
    """The names in `--namespaces`, each once and sorted. Raises UsageError for what can't be one."""
    return _listed("--namespaces", given, _NAMESPACE, "the name of a namespace")


def services(given: Sequence[str]) -> Sequence[str]:
    """The names in `--services`, each once and sorted. Raises UsageError for what can't be one."""
    return _listed("--services", given, _SERVICE, "a service's name, such as s3")


def role(given: str | None) -> str:
    """The name in `--role`, or the one that goes without saying. Raises UsageError for what can't be one."""
    return _form("--role", given, _ROLE, "the name of a role, without its ARN") or ROLE


def external_id(given: str | None) -> str:
    """The id in `--external-id`; empty: none. Raises UsageError for what can't be one."""
    return _form("--external-id", given, _EXTERNAL_ID, "an external id")


def _form(option: str, given: str | None, form: re.Pattern[str], what: str) -> str:
    if given is not None and not form.fullmatch(given):
        raise UsageError(f"{option} {one_line(given, 80)!r}: not {what}")
    return given or ""


def _listed(option: str, given: Sequence[str], form: re.Pattern[str], what: str) -> Sequence[str]:
    found = {name.strip() for text in given for name in text.split(",")}
    for name in sorted(found):
        if not form.fullmatch(name):
            raise UsageError(f"{option} {one_line(name, 80)!r}: not {what}")
    return sorted(found)


def add_selection(parser: argparse.ArgumentParser) -> None:
    """`--only` and `--skip`."""
    names = "NAME,…"
    parser.add_argument(
        "--only", action="append", default=[], metavar=names, help="only these detectors, surfaces or rules"
    )
    parser.add_argument("--skip", action="append", default=[], metavar=names, help="all but these")


def add_policy(parser: argparse.ArgumentParser) -> None:
    """`--pack`, `--fail-on` and `--allow-incomplete`."""
    parser.add_argument(
        "--pack", action="append", default=[], metavar="ID", help="a policy pack, or the path of one; repeatable"
    )
    add_rules(parser)
    parser.add_argument(
        "--fail-on", choices=SEVERITIES, help="the least severity that makes the gate red (default: high)"
    )
    parser.add_argument(
        "--allow-incomplete",
        action="store_true",
        help="let the gate alone decide the exit code, unless nothing at all was learnt of a target",
    )


def add_rules(parser: argparse.ArgumentParser) -> None:
    """`--rules`"""
    parser.add_argument(
        "--rules", action="append", default=[], metavar="DIR", help="a folder of further rules; repeatable"
    )


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """`--jobs`"""
    parser.add_argument(
        "--jobs", type=_positive, metavar="N", help="parts looked at side by side (default: processors)"
    )


def load_book(args: argparse.Namespace, settings: Settings, place: PolicyPlace) -> Book:
    """The policy to judge by; packs and rule folders that only a configuration file names are guests in it."""
    from assay.policies import book as policy

    folders = [policy.RuleFolder(path=place.find(path, "--rules"), trusted=True) for path in args.rules]
    folders += [policy.RuleFolder(path=inside(place.folder, path, "rules"), trusted=False) for path in settings.rules]
    if args.pack:
        chosen = [
            policy.PackPath(path=place.find(name, "--pack"), trusted=True) if _is_file(name) else name
            for name in args.pack
        ]
    else:
        chosen = [
            policy.PackPath(path=inside(place.folder, name, "packs"), trusted=False) if _is_file(name) else name
            for name in settings.packs or DEFAULT_PACKS
        ]
    return policy.load(chosen, folders=folders)


def _is_file(pack: str) -> bool:
    return pack.endswith((".yaml", ".yml"))


def inside(folder: Path, path: str, key: str) -> Path:
    """A path that a configuration names; it may not lead out of the folder that holds the configuration."""
    root = folder.resolve()
    found = root / path
    if not is_inside(path) or found.resolve() != found:
        raise UsageError(f"{folder}: {key}: {one_line(path, 200)} leads out of the folder, or is a link")
    return found


def fail_on(given: str | None, settings: Settings) -> Severity:
    """The gate's threshold."""
    chosen = given or settings.fail_on or "high"
    return SEVERITIES[[str(severity) for severity in SEVERITIES].index(chosen)]


def jobs(given: int | None, settings: Settings) -> int:
    """How many parts may run side by side."""
    return given or settings.jobs or default_jobs()


def choose(
    only: Sequence[str], skip: Sequence[str], settings: Settings, book: Book, specs: Sequence[DetectorSpec]
) -> Chosen:
    """Sorts names into detectors, surfaces and rules. Raises UsageError for a name that is none of them."""
    detectors = {spec.id for spec in specs}
    surfaces = {surface for spec in specs for surface in spec.surfaces}
    surfaces |= book.surfaces
    rules = book.rule_names

    def sort(given: Sequence[str], option: str) -> tuple[list[str], list[str], list[str]]:
        found: tuple[list[str], list[str], list[str]] = ([], [], [])
        for name in (part.strip() for text in given for part in text.split(",") if part.strip()):
            if name in detectors:
                found[0].append(name)
            elif name in surfaces:
                found[1].append(name)
            elif name in rules:
                found[2].append(rules[name])
            else:
                raise UsageError(
                    f"{option} {name}: neither a detector ({', '.join(sorted(detectors))}), nor a surface "
                    f"({', '.join(sorted(surfaces))}), nor a rule; `assay rules` lists the rules"
                )
        return found

    only_d, only_s, only_r = sort([*only, *settings.only], "--only")
    skip_d, skip_s, skip_r = sort([*skip, *settings.skip], "--skip")
    return Chosen(
        selection=Selection(
            only_detectors=tuple(only_d),
            skip_detectors=tuple(skip_d),
            only_parts=tuple(only_s),
            skip_parts=tuple(skip_s),
        ),
        rules=Wanted(only=frozenset(only_r), skip=frozenset(skip_r)),
        notes=tuple(
            f"{who} {one_line(', '.join(names), 400)}" + (" and leaves out all else" if "chooses" in who else "")
            for who, names in (
                ("--only chooses", only),
                ("--skip leaves out", skip),
                ("the configuration chooses", settings.only),
                ("the configuration leaves out", settings.skip),
            )
            if names
        ),
    )


def _positive(text: str) -> int:
    number = int(text) if text.isdigit() else 0
    if not 1 <= number <= 256:
        raise argparse.ArgumentTypeError(f"a whole number from 1 to 256, not {text!r}")
    return number

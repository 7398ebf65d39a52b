"""`assay doctor`: what this installation can scan, what it can't, and the line that would mend it."""

import platform
import shutil
import subprocess  # the sandbox is tried in a process of its own
import sys
from collections.abc import Sequence
from importlib import metadata
from importlib.util import find_spec

from msgspec import Struct, to_builtins

from assay.scanner.cli.listing import print_json, print_table
from assay.scanner.cli.parser import Parser


class Ability(Struct, frozen=True, kw_only=True):
    """One thing that a scan may need."""

    what: str
    status: str
    """`yes`, `no`, `weaker`, or for what few need `not installed` and `not yet`."""
    found: str
    mend: str | None = None
    """The line that would mend it."""


def run(argv: Sequence[str]) -> int:
    """Returns 0 where a repository can be scanned whole, else 1."""
    parser = Parser(prog="assay doctor", description="Tell what this installation can and can't scan.")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    args = parser.parse_args(argv)
    needed = (_python(), _checkov(), _policy(), _helm(), _kustomize())
    abilities = [*needed, _isolation(), _clusters(), _rego(), *_extras()]
    if args.format == "json":
        print_json(to_builtins(abilities))
    else:
        print_table(((a.what, a.status, a.found) for a in abilities), ("WHAT", "HERE", "FOUND"))
        mends = [ability for ability in abilities if ability.mend]
        if mends:
            sys.stdout.write("\nto mend:\n" + "".join(f"  {a.what}: {a.mend}\n" for a in mends))
    return 0 if all(a.status != "no" for a in needed) else 1


def _python() -> Ability:
    return Ability(what="python", status="yes", found=f"{platform.python_version()} on {platform.system()}")


def _checkov() -> Ability:
    from assay.policies import book as policy

    try:
        installed = metadata.version("checkov")
    except metadata.PackageNotFoundError:
        return Ability(
            what="infrastructure code (checkov)", status="no", found="not installed", mend="pip install assay-scanner"
        )
    wanted = policy.load(()).engines["checkov"].version
    if installed != wanted:
        return Ability(
            what="infrastructure code (checkov)",
            status="weaker",
            found=f"{installed}, while the catalogue is of {wanted}",
            mend=f"pip install checkov=={wanted}",
        )
    return Ability(what="infrastructure code (checkov)", status="yes", found=installed)


def _policy() -> Ability:
    from assay.policies import book as policy

    book = policy.load(policy.built_in_packs())
    checks = ", ".join(
        f"{len(engine.checks)} {name} checks" for name, engine in book.engines.items() if name != policy.OWN_ENGINE
    )
    found = f"{len(book.rules)} rules, {checks}, packs {', '.join(pack.id for pack in book.packs)}"
    return Ability(what="policy", status="yes", found=found)


def _helm() -> Ability:
    what = "Helm charts"
    binary = shutil.which("helm")
    if binary:
        return Ability(what=what, status="yes", found=binary)
    if find_spec("helm_python"):
        return Ability(what=what, status="yes", found=f"helm-python-sdk {metadata.version('helm-python-sdk')}")
    mend = "pip install 'assay-scanner[helm]', or install helm"
    return Ability(what=what, status="no", found="neither helm nor helm-python-sdk", mend=mend)


def _kustomize() -> Ability:
    binary = shutil.which("kubectl") or shutil.which("kustomize")
    if binary:
        return Ability(what="Kustomize", status="yes", found=binary)
    return Ability(
        what="Kustomize", status="no", found="neither kubectl nor kustomize", mend="install kubectl or kustomize"
    )


def _isolation() -> Ability:
    """Enters the sandbox in a child, as a detector would, and reports the level reached."""
    from assay.scanner.engine.interpreter import isolation_flags

    code = "from assay.scanner.engine.sandbox import Grants, enter; print(enter(Grants(read=(), write=())))"
    done = subprocess.run(
        [sys.executable, *isolation_flags(), "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    level = done.stdout.strip() or "none"
    whole = {"landlock", "netns"} <= set(level.split("+")) or {"landlock", "tcp"} <= set(level.split("+"))
    return Ability(
        what="isolation of detectors",
        status="yes" if whole else "weaker",
        found=level,
        mend=None if whole else "use Linux 6.7 or later with Landlock, or allow unprivileged user namespaces",
    )


def _clusters() -> Ability:
    return _extra("live clusters", "kubernetes", "cluster", "no kubernetes; only kube:CONTEXT targets need it")


def _rego() -> Ability:
    return _extra("rules in Rego", "regopy", "rego", "no regopy; only rules of your own may need it")


def _extra(what: str, package: str, extra: str, missing: str) -> Ability:
    if find_spec(package):
        return Ability(what=what, status="yes", found=f"{package} {metadata.version(package)}")
    mend = f"pip install 'assay-scanner[{extra}]'"
    return Ability(what=what, status="not installed", found=missing, mend=mend)


_EXTRAS = (
    ("live AWS accounts", "boto3", "cloud"),
    ("personal data", "presidio_analyzer", "data"),
    ("model robustness", "art", "models"),
)


def _extras() -> list[Ability]:
    """Parts of Assay that this version does not have yet are said to be so, whatever is installed."""
    return [
        Ability(what=what, status="not yet", found=f"no detector in this version (extra `{extra}`)")
        for what, _, extra in _EXTRAS
    ]

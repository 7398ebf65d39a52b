"""A scan of a live account against prowler with its GDPR and HIPAA packs, on the same moto account in the same run.

prowler needs an environment of its own (`python -m venv FOLDER; FOLDER/bin/pip install prowler==5.46.0`), whose program
`ASSAY_BENCH_PROWLER` names; without it these rows are left out.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bench.measure import cost, median_cpu, memory, paired, row

ROOT = Path(__file__).parents[2]
ASSAY = str(Path(sys.executable).with_name("assay"))
REGION = "eu-west-1"
_SCANNED = (0, 1)
_ACCOUNTS = 9
_BUCKETS = 60
_NAIVE = """\
import sys, boto3
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
for account in sys.argv[1].split(","):
    role = f"arn:aws:iam::{account}:role/assay"
    keys = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="naive")["Credentials"]
    session = boto3.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name="eu-west-1"
    )
    clients = {}
    for line in sys.argv[2].split(","):
        service, operation = line.split(":")
        if service not in clients:
            clients[service] = session.client(service)
        given = {"AccountId": account} if service == "s3control" else {}
        try:
            getattr(clients[service], xform_name(operation))(**given)
        except (BotoCoreError, ClientError):
            pass
"""
"""A session and clients for each account, and the calls one after the other, as a script would."""
_LOOK = """\
import sys, time
from assay.detectors.aws.api import Limits
from assay.detectors.aws.detector import AwsDetector
from assay.scanner.api import Narrowed, Remote, Tree
detector = AwsDetector(Limits(threads=int(sys.argv[1])))
remote = Remote(names=("",), kinds=("storage.bucket",), narrowed=Narrowed(regions=("eu-west-1",)))
tree = Tree(root="", files=(), remote=remote)
[part] = detector.plan(tree).parts
detector.preload([part])
began = time.monotonic()
detector.observe(tree, part, lambda _: None)
print(time.monotonic() - began)
"""


class Cloud:
    """A cloud in a process of its own."""

    def __init__(self, server: "subprocess.Popen[str]") -> None:
        self._server = server
        assert server.stdout
        self.environment: Mapping[str, str] = json.loads(server.stdout.readline())

    def ask(self, command: str) -> str:
        """Its answer."""
        assert self._server.stdin and self._server.stdout
        self._server.stdin.write(f"{command}\n")
        self._server.stdin.flush()
        return self._server.stdout.readline().strip()

    def command(self, *arguments: str) -> list[str]:
        """That runs with its environment; `env` becomes the command, so that nothing of it is counted."""
        return ["env", *(f"{name}={value}" for name, value in self.environment.items()), *arguments]


@contextmanager
def cloud(*options: str) -> Iterator[Cloud]:
    """Filled as the options say."""
    # moto tells all policies of AWS's, used or not, where AWS tells those that are attached.
    environment = {**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true" if "--acme" in options else "false"}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.aws_server", *options], env=environment,
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as server:  # fmt: skip
        yield Cloud(server)
        assert server.stdin
        server.stdin.close()


def run() -> list[str]:
    """Rows for the results table."""
    prowler = os.environ.get("ASSAY_BENCH_PROWLER")
    with tempfile.TemporaryDirectory() as folder:
        rows = _against(prowler, Path(folder)) if prowler else []
        return [*rows, *_accounts(Path(folder)), _threads(Path(folder)), _large(Path(folder))]


def _ours(here: Cloud, *arguments: str) -> list[str]:
    packs = ("--pack", "gdpr", "--pack", "hipaa", "--no-cache", "--format", "json", "--regions", REGION)
    return here.command(ASSAY, "scan", *(arguments or ("aws:",)), *packs)


def _against(prowler: str, folder: Path) -> Iterator[str]:
    theirs_of = (
        prowler, "aws", "--compliance", "gdpr_aws", "hipaa_aws", "--region", REGION, "-b",
        "-M", "csv", "json-ocsf", "html", "-o", str(folder / "prowler"),
    )  # fmt: skip
    with cloud("--acme") as here:
        ours, theirs = _ours(here), here.command(*theirs_of)
        mine, others = paired(ours, theirs, folder)
        here.ask("calls")
        if not all(one.code in _SCANNED for one in mine):
            raise RuntimeError(f"not a whole scan: {mine}")
        cost(ours, folder)
        calls = int(here.ask("calls"))
        cost(theirs, folder)
        their_calls = int(here.ask("calls"))
        held, their_held = memory(ours, folder).together_mib, memory(theirs, folder).together_mib
        here.ask("expired")
        early, their_early = paired(ours, theirs, folder)
    for what, a, b, unit, goal in (
        ("CPU of a run that ends with its first call", median_cpu(early), median_cpu(their_early), "s", 20),
        ("CPU of a scan of the fixture's account by GDPR and HIPAA", median_cpu(mine), median_cpu(others), "s", 5),
        ("its memory (PSS of all its processes together)", held, their_held, "MiB", 3),
        ("its calls to AWS", calls, their_calls, "calls", 2),
    ):
        shown = f"{a:.4g} {unit} against {b:.4g}: {b / a:.1f}× less"
        yield row(f"{what}, against prowler's", shown, f"≥ {goal}× less", b / a >= goal)


def _accounts(folder: Path) -> Iterator[str]:
    from assay.detectors.aws.calls import planned

    lists = [call for call, often, _ in planned(None, None, (), of_organization=False) if not often.startswith("for")]
    with cloud("--accounts", str(_ACCOUNTS)) as here:
        ids = _members(here)
        one = _ours(here, "aws-org:", "--accounts", ids[0])
        all_ = _ours(here, "aws-org:", "--accounts", ",".join(ids))
        naive = [
            here.command(sys.executable, "-c", _NAIVE, ",".join(chosen), ",".join(lists)) for chosen in (ids[:1], ids)
        ]
        few, many = paired(one, all_, folder)
        first, others = paired(*naive, folder)
        grown = memory(all_, folder).together_mib - memory(one, folder).together_mib
    if not all(one.code in _SCANNED for one in (*few, *many, *first, *others)):
        raise RuntimeError(f"not whole: {few} {many} {first} {others}")
    extra = (median_cpu(many) - median_cpu(few)) / (_ACCOUNTS - 1)
    session = (median_cpu(others) - median_cpu(first)) / (_ACCOUNTS - 1)
    yield row(
        f"an account more of an organisation, against a session of boto3's of its own and the same {len(lists)} calls",
        f"{extra:.2f} s against {session:.2f} s CPU: {session / extra:.1f}× less",
        "≥ 4× less",
        session / extra >= 4,
    )
    each = grown / (_ACCOUNTS - 1)
    yield row(f"memory for each account more, of {_ACCOUNTS}", f"{each:.1f} MiB", "≤ 5 MiB", each <= 5)


def _members(here: Cloud) -> Sequence[str]:
    code = "import boto3; [print(a['Id']) for a in boto3.client('organizations').list_accounts()['Accounts']]"
    done = subprocess.run(here.command(sys.executable, "-c", code), capture_output=True, text=True, check=True)
    return [line for line in done.stdout.split() if line != "123456789012"]


def _threads(folder: Path) -> str:
    with cloud("--buckets", str(_BUCKETS)) as here:
        here.ask("canned")
        here.ask("latency 0.05")

        def seconds(threads: int) -> float:
            command = here.command(sys.executable, "-c", _LOOK, str(threads))
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
            return float(done.stdout)

        seconds(50)
        ratios = [seconds(1) / seconds(50) for _ in range(5)]
    ratio = statistics.median(ratios)
    what = f"reading {_BUCKETS} buckets with 50 threads against one, each call taking 50 ms longer (wall time)"
    return row(what, f"{ratio:.1f}× faster", "≥ 15×", ratio >= 15)


def _large(folder: Path) -> str:
    with cloud("--large") as here:
        here.ask("calls")
        found = cost(_ours(here), folder)
        calls = int(here.ask("calls"))
    whole = found.code in _SCANNED
    what = "scan of 1,000 buckets, 500 roles, 1,000 security groups and 500 volumes"
    said = f"{found.cpu:.0f} s CPU, {calls:,} calls, {found.peak_mib:.0f} MiB" + (
        "" if whole else f", exit {found.code}"
    )
    return row(what, said, "≤ 120 s", whole and found.cpu <= 120)

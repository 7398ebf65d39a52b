"""A cloud in a process of its own, for benches and for trying things out.

    python -m tests.aws_server [--acme] [--organization] [--large] [--buckets N] [--accounts N]

The first line that it prints is JSON: the environment for whoever calls it. Then it answers lines on standard input:

- `calls`: with how many calls have arrived since it was asked last,
- `latency SECONDS`: each call takes so much longer,
- `expired`: from now on every call is told that its credentials have expired,
- `canned`: what is asked of buckets is answered without moto, which is slow.

It ends with its standard input.
"""

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack

from tests.aws_server.large import accounts, buckets, fill
from tests.aws_server.looking import populate, populate_organization
from tests.aws_server.proxy import Called, Fault
from tests.aws_server.running import running

_ABSENT = {
    "policy": "NoSuchBucketPolicy", "publicAccessBlock": "NoSuchPublicAccessBlockConfiguration",
    "encryption": "ServerSideEncryptionConfigurationNotFoundError", "lifecycle": "NoSuchLifecycleConfiguration",
    "replication": "ReplicationConfigurationNotFoundError", "object-lock": "ObjectLockConfigurationNotFoundError",
}  # fmt: skip
"""What is asked of a bucket → how S3 says that nothing of the sort is set."""


def main() -> None:
    """Runs until nobody writes to it any more."""
    parser = argparse.ArgumentParser()
    for name in ("acme", "organization", "large"):
        parser.add_argument(f"--{name}", action="store_true")
    for name in ("buckets", "accounts"):
        parser.add_argument(f"--{name}", type=int, default=0)
    args = parser.parse_args()
    with running() as aws, ExitStack() as faults:
        if args.acme or args.organization:
            populate(aws)
        if args.organization:
            populate_organization(aws)
        if args.large:
            fill(aws)
        if args.buckets:
            buckets(aws, args.buckets)
        if args.accounts:
            accounts(aws, args.accounts)
        aws.proxy.calls.clear()
        _say(json.dumps(dict(aws.environment)))
        for line in sys.stdin:
            command, _, rest = line.strip().partition(" ")
            said = ""
            if command == "calls":
                said = str(len(aws.proxy.calls))
                aws.proxy.calls.clear()
            elif command == "latency":
                aws.proxy.latency = float(rest)
            elif command == "expired":
                faults.enter_context(aws.proxy.fault(lambda _: True, Fault(403, "ExpiredToken")))
            elif command == "canned":
                for name, code in _ABSENT.items():
                    faults.enter_context(aws.proxy.fault(_asks(name), Fault(404, code)))
            _say(said)


def _asks(name: str) -> Callable[[Called], bool]:
    return lambda called: _of_bucket(called, name)


def _of_bucket(called: Called, name: str) -> bool:
    return called.service == "s3" and called.operation.startswith("GET /") and called.operation.endswith(f"?{name}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

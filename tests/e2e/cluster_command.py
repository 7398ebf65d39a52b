"""The `assay` command as a user of a cluster types it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ASSAY = str(Path(sys.executable).with_name("assay"))


def run(kubeconfig: Path, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs the command in the kubeconfig's folder, with a home there."""
    environ = {**os.environ, "KUBECONFIG": str(kubeconfig), "HOME": str(kubeconfig.parent), **variables}
    return subprocess.run(
        [ASSAY, *args], cwd=kubeconfig.parent, env=environ, capture_output=True, text=True, timeout=300
    )


def report(kubeconfig: Path, *args: str, exits: Sequence[int] = (0, 1), **variables: str) -> dict[str, Any]:
    """The report of `assay scan`, as JSON."""
    done = run(kubeconfig, "scan", *args, "--format", "json", **variables)
    assert done.returncode in exits, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["exit_code"] == done.returncode
    return found


def verdicts(found: Mapping[str, Any]) -> dict[tuple[str, str], list[str]]:
    """Outcomes by rule and address, sorted."""
    kept: dict[tuple[str, str], list[str]] = {}
    for one in found["findings"]:
        kept.setdefault((one["rule"], one["resource"]["address"]), []).append(one["outcome"])
    return {place: sorted(outcomes) for place, outcomes in kept.items()}


def look_failures(found: Mapping[str, Any]) -> list[str]:
    """What the report says of looks that failed."""
    return [one["message"] for one in found["findings"] if one["rule"] == "look-failed"]

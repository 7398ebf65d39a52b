"""The same cluster gives the same bytes: 20 runs, one to eight jobs, in whatever order the server answers."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from msgspec import structs

from assay.detectors.registry import DETECTORS
from assay.reports.options import RenderOptions
from assay.reports.registry import pieces
from assay.scanner.engine.assess import Policy, assess
from assay.scanner.engine.inventory import Inventory, dump, load
from assay.scanner.engine.observe import Selection, observe
from assay.scanner.engine.target import parse_targets
from tests.e2e import cluster_command, cluster_seeds
from tests.e2e.cluster_verdicts import book, inventory
from tests.integration.cluster_live import look
from tests.kube_server import KubeServer
from tests.kube_server.faults import Fault, Usual
from tests.kube_server.request import Request
from tests.kube_server.status import Answer

RUNS = 20
MOMENT = datetime(2026, 11, 22, tzinfo=UTC)


def shuffling(chance: random.Random) -> Fault:
    """Every list in an order of its own, after a moment of its own."""

    def fault(request: Request, usual: Usual) -> Answer:
        answer = usual(request)
        document = orjson.loads(answer.body)
        if answer.status == 200 and isinstance(document.get("items"), list):
            chance.shuffle(document["items"])
            answer = answer._replace(body=orjson.dumps(document))
        return answer._replace(wait=chance.random() / 200)

    return fault


def shuffled(seeds: Sequence[dict[str, object]], number: int) -> list[dict[str, object]]:
    """The objects in another order each time; the first run has them as they are."""
    return random.Random(number).sample(seeds, len(seeds)) if number else list(seeds)


def observed(kubeconfig: Path, jobs: int, monkeypatch: pytest.MonkeyPatch) -> Inventory:
    """As `assay observe --jobs N` does it, with sandboxed children and a clock that stands still."""
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    target = parse_targets(["kube:test"], frozenset({"kube"}))
    found = observe(target, DETECTORS, Selection(), jobs, lambda detector, status: None, now=lambda: MOMENT)
    # How long a detector took is all that may differ.
    return structs.replace(found, detectors=tuple(structs.replace(one, seconds=0.0) for one in found.detectors))


def told(found: Inventory) -> bytes:
    """The report, as JSON and as SARIF."""
    report = assess(found, Policy(book=book()))
    return b"".join(piece for name in ("json", "sarif") for piece in pieces(name, report, RenderOptions()))


def test_twenty_observations_in_process_are_the_same_bytes(tmp_path: Path) -> None:
    seeds = cluster_seeds.grown(engines=True)
    first: tuple[bytes, bytes] | None = None
    for number in range(RUNS):
        with KubeServer(shuffled(seeds, number), apis=cluster_seeds.CUSTOM) as server:
            if number:
                server.inject("*", shuffling(random.Random(number)), verbs=["list"])
            found = inventory(look(server.kubeconfig(tmp_path / f"config-{number}")))
        run = (b"".join(dump(found)), told(found))
        first = first or run
        assert run == first, f"run {number}"


def test_the_number_of_jobs_and_the_order_of_answers_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = cluster_seeds.grown()
    runs: list[tuple[bytes, bytes]] = []
    for jobs in range(1, 9):
        with KubeServer(shuffled(seeds, jobs), apis=cluster_seeds.CUSTOM) as server:
            server.inject("*", shuffling(random.Random(jobs)), verbs=["list"])
            found = observed(server.kubeconfig(tmp_path / f"config-{jobs}"), jobs, monkeypatch)
        assert found.failures == ()
        runs.append((b"".join(dump(found)), told(found)))
    assert len(set(runs)) == 1


def test_processes_with_other_hashes_give_the_same_report(tmp_path: Path) -> None:
    told_by: list[dict[str, Any]] = []
    for seed in ("0", "1", "4294967295"):
        # The server is another one each time, too, so that nothing rests on the order in which it was asked before.
        with KubeServer(cluster_seeds.grown(engines=True), apis=cluster_seeds.CUSTOM) as server:
            found = cluster_command.report(server.kubeconfig(tmp_path / seed), "kube:test", PYTHONHASHSEED=seed)
        for one in found["detectors"]:
            del one["seconds"]
        told_by.append({name: one for name, one in found.items() if name not in ("started", "finished")})
    assert told_by[0] == told_by[1] == told_by[2]


def test_a_saved_inventory_is_judged_as_the_scan_was(tmp_path: Path) -> None:
    with KubeServer(cluster_seeds.grown(), apis=cluster_seeds.CUSTOM) as server:
        server.deny("networkpolicies.networking.k8s.io")
        found = inventory(look(server.kubeconfig(tmp_path / "config")))
    saved = tmp_path / "inventory"
    saved.write_bytes(b"".join(dump(found)))
    with saved.open("rb") as stream:
        again = load(stream, "inventory")
    assert told(again) == told(found)
    assert assess(again, Policy(book=book())).exit_code == 3


def test_another_cluster_gives_other_bytes(tmp_path: Path) -> None:
    """The comparisons above would be worth nothing if the bytes said nothing of the cluster."""
    with KubeServer(cluster_seeds.sound(), apis=cluster_seeds.CUSTOM) as server:
        kubeconfig = server.kubeconfig(tmp_path / "config")
        whole = inventory(look(kubeconfig))
        server.deny("pods")
        assert told(inventory(look(kubeconfig))) != told(whole)

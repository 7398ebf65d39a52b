"""A large cluster for benches: the same objects for the same seed, made one at a time.

At scale 1: 10,000 pods of about 7.4 kB (9,800 of 1,000 owners, 200 bare), 5,000 bindings, 1,500 roles, 2,600 service
accounts, 36 kinds.
"""

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.kube_server import bootstrap, large_access, large_network, large_templates, large_workloads

Object = dict[str, Any]


class Sizes(NamedTuple):
    """How many there are of everything."""

    namespaces: int = 100
    nodes: int = 100
    deployments: int = 700
    """10 pods each, by a ReplicaSet; and an older ReplicaSet without any."""
    stateful_sets: int = 150
    """4 pods each."""
    daemon_sets: int = 50
    """40 pods each."""
    jobs: int = 100
    """2 pods each."""
    bare_pods: int = 200
    accounts: int = 2600
    """Bootstrap accounts come on top."""
    roles: int = 1200
    cluster_roles: int = 300
    role_bindings: int = 4000
    cluster_role_bindings: int = 1000

    def scaled(self, scale: float) -> "Sizes":
        """A smaller or larger cluster; at least one of everything."""
        return Sizes(*(max(1, round(size * scale)) for size in self))


def objects(seed: int = 1, scale: float = 1, templated: bool = False) -> Iterator[Object]:
    """All objects, the CustomResourceDefinitions before what they declare.

    With `templated`, roles are the same few in each namespace, as a platform team hands them out; without, each is its
    own, and most are too strong.
    """
    dice = random.Random(seed)
    sizes = Sizes().scaled(scale)
    spaces = [f"team-{number:03}" for number in range(sizes.namespaces)]
    nodes = [f"node-{number:03}.cluster.example" for number in range(sizes.nodes)]
    accounts = large_access.accounts(sizes.accounts, spaces)
    yield from (bootstrap.namespace(space) for space in spaces)
    yield from (large_workloads.node(name, number) for number, name in enumerate(nodes))
    yield from (one.object() for one in accounts)
    access = large_templates if templated else large_access
    yield from access.objects(dice, sizes, spaces, accounts)
    yield from large_workloads.objects(dice, sizes, spaces, nodes, accounts)
    yield from large_network.objects(dice, sizes, spaces)

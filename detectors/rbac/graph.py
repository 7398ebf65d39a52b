"""The graph that attack paths run through.

Entities are what somebody can hold: a workload, an identity, a node, a set of Secrets. Between them stand nodes for
what is no step of its own: bindings, roles in a place, techniques in a place. So the edges grow with bindings and
accounts, not with their product. A path is as long as the entities that it enters.
"""

from collections import defaultdict
from typing import Literal

from msgspec import Struct

Key = tuple[str, ...]
"""Kind and names of a node, such as `("grant", "RoleBinding.ml.train", …)`."""

ENTITIES = frozenset(
    {
        "workload", "identity", "node", "secrets", "pod-secrets", "volume", "new-pods", "role", "admin", "cloud",
        "administrator",
    }
)  # fmt: skip

MOST_EDGES = 200_000
"""Some eight times what 10,000 pods and 5,000 bindings need."""


class Cite(Struct, frozen=True):
    """What allows a step in a cloud."""

    technique: str
    objects: tuple[str, ...] = ()
    rule: str = ""


class Graph:
    """Nodes by number, in the order in which they were added, and edges, in order as well."""

    def __init__(self) -> None:
        self.keys: list[Key] = []
        self.entity: list[bool] = []
        self.out: list[list[int]] = []
        """Where the edges that are sure lead to."""
        self.into: list[list[int]] = []
        """Where they come from."""
        self.maybe: dict[int, list[int]] = defaultdict(list)
        """Where edges come from that hang on something unread."""
        self.grants: dict[int, str] = {}
        """The binding's address, for nodes that are one."""
        self.roles: dict[int, str] = {}
        """The address of its role."""
        self.reasons: dict[tuple[int, int], str] = {}
        """Why an edge isn't sure."""
        self.texts: dict[tuple[int, int], str] = {}
        """The rights that an edge to a technique takes."""
        self.cites: dict[tuple[int, int], Cite] = {}
        """What allows an edge, where no binding does."""
        self.expected: set[str] = set()
        """Bindings that are Kubernetes' own."""
        self.copied = False
        """A binding has several nodes, as rights from several bindings are needed together."""
        self.beyond: str | None = None
        """Why edges were left out."""
        self._numbers: dict[Key, int] = {}
        self._edges: set[tuple[int, int]] = set()

    def node(self, kind: str, *names: str) -> int:
        """The node's number; it is added if it isn't there."""
        key = (kind, *names)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.keys)
            self.keys.append(key)
            self.entity.append(kind in ENTITIES)
            self.out.append([])
            self.into.append([])
        return number

    def find(self, kind: str, *names: str) -> int | None:
        """The node's number, if it is there."""
        return self._numbers.get((kind, *names))

    def edge(self, start: int, end: int, unsure: str | None = None) -> None:
        """Adds an edge; `unsure` says what it hangs on. One that is sure counts over one that isn't."""
        edge = (start, end)
        if edge in self._edges and (unsure or edge not in self.reasons):
            return
        if len(self._edges) >= MOST_EDGES:
            self.beyond = f"more than {MOST_EDGES} steps between what there is in the cluster"
            return
        self._edges.add(edge)
        if unsure:
            self.reasons[edge] = unsure
            self.maybe[end].append(start)
            return
        self.reasons.pop(edge, None)
        self.out[start].append(end)
        self.into[end].append(start)

    def cite(self, start: int, end: int, cite: Cite, unsure: str | None = None) -> None:
        """Adds an edge with what allows it; of several that are alike, the first one that is sure."""
        edge = (start, end)
        if edge not in self.cites or (unsure is None and edge in self.reasons):
            self.cites[edge] = cite
        self.edge(start, end, unsure)

    def kind(self, number: int) -> str:
        """What sort of node it is."""
        return self.keys[number][0]


Certainty = Literal["sure", "possible"]
"""Whether a search takes only the edges that are sure, or those as well that hang on something unread."""

"""The resources of the Kubernetes API that facts are stated from, one line each."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, cast

from msgspec import Struct


class Api(Struct, frozen=True, kw_only=True):
    """A resource of the API."""

    group: str
    """Empty: the core group."""
    kind: str
    plural: str
    versions: tuple[str, ...]
    """Those that our structs fit, preferred first."""
    decoded: str
    """`module:Struct` below `assay.detectors.cluster`."""
    states: tuple[str, ...]
    """The kinds of ours whose facts rest on it."""
    namespaced: bool = True
    metadata_only: bool = False
    """Asked for as PartialObjectMetadata, so that values never leave the server."""
    optional: bool = False
    """A custom resource, which a cluster may well not have."""

    @property
    def id(self) -> str:
        """`apps/Deployment`; the kind alone in the core group."""
        return f"{self.group}/{self.kind}" if self.group else self.kind

    @property
    def name(self) -> str:
        """As kubectl writes it: `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


_POD_KINDS = ("workload.pods", "ai.software")
_RBAC = "rbac.authorization.k8s.io"

APIS: tuple[Api, ...] = (
    Api(group="", kind="Pod", plural="pods", versions=("v1",), decoded="pod_objects:Pod", states=_POD_KINDS),
    Api(
        group="apps", kind="Deployment", plural="deployments", versions=("v1",), decoded="pod_objects:Deployment",
        states=_POD_KINDS,
    ),
    Api(
        group=_RBAC, kind="ClusterRole", plural="clusterroles", versions=("v1",), decoded="rbac_objects:RoleObject",
        states=("rbac.role",), namespaced=False,
    ),
)  # fmt: skip
"""Sorted by group and kind. In files, objects of other versions are read too, where the structs fit."""

BY_ID: Mapping[str, Api] = {api.id: api for api in APIS}


@cache
def struct_of(api_id: str) -> type[Struct]:
    """The struct that an object of `api_id` is decoded to; imported when needed."""
    module, name = BY_ID[api_id].decoded.split(":")
    return cast(type[Any], getattr(import_module(f"assay.detectors.cluster.{module}"), name))

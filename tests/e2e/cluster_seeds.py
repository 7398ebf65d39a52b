"""A rich cluster for tests: the fixtures' two trees, and an object of every other kind that is read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from assay.detectors.cluster.table import APIS, OF_FILES
from tests.e2e.cluster_controllers import Object, pod, running
from tests.e2e.cluster_objects import OWNERS, PLATFORM
from tests.kube_server.apis import Api, custom

FIXTURES = Path(__file__).parents[2] / "fixtures" / "kubernetes-ai"
SOUND = "sound-"
"""What the names of the sound tree's namespaces, and of what has none, begin with in the rich cluster."""
PRIVATE = ("S3CRET-VALUE", "UzNDUkVULVZBTFVF")
"""Values of Secrets, ConfigMaps and environments that no output may hold."""

ENGINE_KINDS = (
    "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy",
    "CiliumClusterwideNetworkPolicy",
    "CiliumNetworkPolicy",
    "ClusterNetworkPolicy",
    "GlobalNetworkPolicy",
    "NetworkPolicy",
)

CUSTOM: tuple[Api, ...] = tuple(
    custom(f"{api.group}/{api.versions[0]}", api.kind, api.plural, api.namespaced)
    for api in (*APIS, *OF_FILES)
    if api.optional
)
"""What the test server must serve besides Kubernetes' own."""


def declared(tree: str) -> list[Object]:
    """A tree of the fixtures: `vulnerable` or `sound`."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((FIXTURES / tree).glob("*.yaml"))]
    return [one for text in texts for one in yaml.safe_load_all(text) if one]


def grown(engines: bool = False) -> list[Object]:
    """Both trees and everything else, running; every resource of `table.APIS` has an object.

    But for the policies of other engines than Kubernetes' own, unless `engines`: what they touch is unknown anyway.
    """
    own = [one for one in _documents(PLATFORM) if engines or one["kind"] not in ENGINE_KINDS or _is_native(one)]
    owners = _documents(OWNERS)
    return [*running([*declared("vulnerable"), *_apart(declared("sound")), *own, *owners]), *_pods_of(owners)]


def sound() -> list[Object]:
    """The sound tree alone, running, and what else is as it should be."""
    own = [one for one in _documents(PLATFORM) if one["metadata"].get("labels", {}).get("test") == "sound"]
    return running([*declared("sound"), *own])


def _documents(text: str) -> list[Object]:
    return [one for one in yaml.safe_load_all(text) if one]


def _is_native(one: Object) -> bool:
    return str(one["apiVersion"]).startswith("networking.k8s.io/")


def _apart(objects: Sequence[Object]) -> list[Object]:
    """The sound tree under other names, so that both can stand in one cluster."""
    names = {one["metadata"]["name"] for one in objects if "namespace" not in one["metadata"]}
    names |= {one["metadata"]["namespace"] for one in objects if "namespace" in one["metadata"]}
    return [_renamed(one, names, cluster_wide="namespace" not in one["metadata"]) for one in objects]


def _renamed(value: Any, names: set[str], key: str = "", cluster_wide: bool = False) -> Any:
    if isinstance(value, dict):
        return {
            name: SOUND + one
            if name == "name" and cluster_wide and key == "metadata"
            else _renamed(one, names, name, cluster_wide)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [_renamed(one, names, key, cluster_wide) for one in value]
    places = ("namespace", "kubernetes.io/metadata.name", "storageClassName")
    return SOUND + value if key in places and value in names else value


def _pods_of(owners: Sequence[Object]) -> list[Object]:
    """A pod for each owner whose controller isn't imitated; what it runs is the object's first template."""
    made: list[Object] = []
    for one in owners:
        template = _first_template(one.get("spec"))
        if template is not None and one["kind"] not in ("Rollout", "ReplicationController", "Job", "CronJob"):
            name, namespace = one["metadata"]["name"], one["metadata"].get("namespace")
            if namespace and name != "idle":
                made.append(pod(one, f"{name}-x1kzq", namespace, template, {}))
    return made


def _first_template(value: Any) -> Object | None:
    if isinstance(value, dict):
        template: Object | None = value.get("template")
        if isinstance(template, dict) and "containers" in template.get("spec", {}):
            return template
        if "containers" in value and isinstance(value["containers"], list):
            return {"spec": {"containers": value["containers"]}}
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((made for one in inner if (made := _first_template(one)) is not None), None)

"""What is made once of the objects of a source is shared, and made anew when there are more of them."""

from assay.detectors.cluster.objects import Objects
from assay.detectors.cluster.pods.templates import templates
from tests.unit.cluster_manifests import add, objects_of

WEB = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {containers: []}}}}"
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": []}}


def test_templates_are_made_once() -> None:
    objects = objects_of(WEB)
    assert templates(objects) is templates(objects)


def test_another_object_or_reason_makes_them_anew() -> None:
    objects = objects_of(WEB, source="kube:test")
    first = templates(objects)
    objects.miss("Pod", "403 Forbidden")
    second = templates(objects)
    assert first[0].running == 0 and second[0].running != 0
    add(objects, POD)
    assert [one.address for one in templates(objects)] == ["Deployment.default.web", "Pod.default.p"]


def test_each_source_has_its_own() -> None:
    assert len(templates(objects_of(WEB))) == 1 and len(templates(Objects("manifests"))) == 0

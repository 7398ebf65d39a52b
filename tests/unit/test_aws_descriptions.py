"""Descriptions of services that are cut down to a few operations still describe these whole."""

import pytest
from botocore.loaders import create_loader
from botocore.model import OperationModel, ServiceModel, Shape

from assay.detectors.aws.collector import Call
from assay.detectors.aws.descriptions import Descriptions, cut
from assay.detectors.aws.reads.table import COLLECTORS

CALLS = sorted({call for one in COLLECTORS for call in one.calls})


def shown(shape: Shape | None, seen: frozenset[str] = frozenset()) -> object:
    """A shape and all that is in it, as far as answers are parsed by it."""
    if shape is None or shape.name in seen:
        return shape and shape.name
    seen |= {shape.name}
    if shape.type_name == "structure":
        members = {name: shown(inner, seen) for name, inner in shape.members.items()}
        return shape.name, members, sorted(shape.required_members), shape.serialization
    if shape.type_name == "list":
        return shape.name, shown(shape.member, seen), shape.serialization
    if shape.type_name == "map":
        return shape.name, shown(shape.key, seen), shown(shape.value, seen), shape.serialization
    return shape.name, shape.type_name, shape.serialization


def described(operation: OperationModel) -> object:
    errors = sorted(str(shown(one)) for one in operation.error_shapes)
    return operation.http, operation.input_shape and shown(operation.input_shape), shown(operation.output_shape), errors


@pytest.mark.parametrize("service", sorted({call.service for call in CALLS}))
def test_declared_operations_are_described_as_before(service: str) -> None:
    whole = ServiceModel(create_loader().load_service_model(service, "service-2"))
    # Not the loader that all sessions share: botocore's clients of S3 change what they are made by.
    ours = ServiceModel(Descriptions(CALLS).load_service_model(service, "service-2"))
    names = {call.operation for call in CALLS if call.service == service}
    assert set(ours.operation_names) >= names
    for name in names:
        assert described(ours.operation_model(name)) == described(whole.operation_model(name))
    assert {one.name for one in ours.error_shapes} == {one.name for one in whole.error_shapes}


def test_what_nobody_declared_is_left_out_and_what_logs_in_is_whole() -> None:
    loader = Descriptions([Call("ec2", "DescribeVolumes"), Call("sts", "GetCallerIdentity")])
    ec2 = loader.load_service_model("ec2", "service-2")
    assert set(ec2["operations"]) == {"DescribeVolumes"}
    assert len(ec2["shapes"]) < 60
    assert "AssumeRoleWithWebIdentity" in loader.load_service_model("sts", "service-2")["operations"]
    assert "GetRoleCredentials" in loader.load_service_model("sso", "service-2")["operations"]
    assert len(loader.load_service_model("sqs", "service-2")["operations"]) > 10


def test_a_member_that_is_called_documentation_stays() -> None:
    shapes = {
        "In": {"type": "structure", "members": {"documentation": {"shape": "Text", "documentation": "what it says"}}},
        "Text": {"type": "string", "documentation": "a text"},
    }
    found = cut({"operations": {"Do": {"name": "Do", "input": {"shape": "In"}}}, "shapes": shapes}, {"Do"})
    assert found["shapes"] == {
        "In": {"type": "structure", "members": {"documentation": {"shape": "Text"}}},
        "Text": {"type": "string"},
    }

"""Half an answer: what the pages told that arrived counts, and what is missing is said."""

from collections.abc import Iterator

import pytest

from assay.scanner.api import Resource
from tests.aws_server.looking import REGION, failures, look, resources
from tests.aws_server.proxy import Called, Fault
from tests.aws_server.running import Aws, running

PAGE = """<DescribeVolumesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>
<volumeSet><item><volumeId>vol-1</volumeId><encrypted>false</encrypted><availabilityZone>eu-west-1a</availabilityZone>
</item></volumeSet><nextToken>more</nextToken></DescribeVolumesResponse>"""


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with running() as found:
        yield found


def lists(called: Called) -> bool:
    return called.operation == "DescribeVolumes"


@pytest.mark.parametrize(
    ("then", "said"),
    [
        (Fault(403, "UnauthorizedOperation"), "denied (UnauthorizedOperation)"),
        (Fault(503, "RequestLimitExceeded"), "throttled to the end (RequestLimitExceeded)"),
        (Fault(500, "InternalError"), "refused (InternalError)"),
        (Fault(200, "", cut=True), "the proxy could not be reached"),
        (Fault(200, "", body="<half"), "the answer could not be read"),
    ],
    ids=["denied", "throttled", "error", "cut", "garbled"],
)
def test_a_second_page_that_does_not_come_is_told_and_the_first_counts(aws: Aws, then: Fault, said: str) -> None:
    with aws.proxy.fault(lists, then), aws.proxy.fault(lists, Fault(200, "", times=1, body=PAGE)):
        records = look(aws, kinds=("storage.volume",))
    told = resources(records)
    assert told["storage.volume", "volume/vol-1"]["encrypted_at_rest"] is False
    assert any(said in one and "ec2:DescribeVolumes" in one for one in failures(records)), failures(records)
    listings = [one for one in records if isinstance(one, Resource) and one.kind == "cloud.listing"]
    incomplete = {one.facts["kind"].value: one.facts["incomplete"].value for one in listings}
    assert incomplete["storage.volume"] == [REGION]


def test_what_is_throttled_for_a_while_is_read_in_the_end(aws: Aws) -> None:
    with aws.proxy.fault(lists, Fault(503, "RequestLimitExceeded", times=1)):
        records = look(aws, kinds=("storage.volume",))
    assert failures(records) == []


def test_an_item_of_an_odd_shape_costs_at_most_that_item(aws: Aws) -> None:
    """Policies without versions, where the collector looks for the current one of each."""
    odd = "<Policies><member><Arn>arn:aws:iam::123456789012:policy/a</Arn></member></Policies>"
    role = "<member><RoleName>r</RoleName><Arn>arn:aws:iam::123456789012:role/r</Arn></member>"
    good = f"<RoleDetailList>{role}</RoleDetailList>"
    body = (
        f"<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult>{odd}{good}"
        "<IsTruncated>false</IsTruncated></GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>"
    )
    fault = Fault(200, "", body=body)
    with aws.proxy.fault(lambda called: called.operation == "GetAccountAuthorizationDetails", fault):
        records = look(aws, kinds=("identity.grant", "identity.principal"))
    assert any(kind == "identity.principal" and name == "role/r" for kind, name in resources(records))


def test_the_same_page_for_ever_ends(aws: Aws) -> None:
    with aws.proxy.fault(lists, Fault(200, "", body=PAGE)):
        records = look(aws, kinds=("storage.volume",))
    assert len(failures(records)) == 1
    aws.proxy.calls.clear()

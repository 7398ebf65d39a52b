"""The ways in to servers for AI work."""

from tests.unit.exposure_objects import ports
from tests.unit.exposure_ways import BALANCER, DENY, NO_VALUE, WEB, letting, software, ways


def test_software_is_reached_by_the_ways_to_its_ports() -> None:
    address = "Deployment.ml.web/ray"
    assert ways(WEB, software(), of=address) == [("cluster", 8265, ())]
    assert ways(WEB, software(), BALANCER, of=address) == [("cluster", 8265, ())]
    assert ways(WEB, software(ports=[8080]), BALANCER, of=address)[0] == ("internet", 8080, ("Service.ml.web",))
    assert ways(WEB, software(), letting(on=[ports(8265, protocol="UDP")]), of=address) == []


def test_software_that_listens_locally_is_reached_by_nobody() -> None:
    address = "Deployment.ml.web/ray"
    assert ways(WEB, software(listens_locally=True), of=address) == []
    assert ways(WEB, software(listens_locally=NO_VALUE), of=address) == ["?"]
    assert ways(WEB, software(listens_locally=NO_VALUE), DENY, of=address) == []


def test_software_whose_ports_or_workload_arent_known_may_be_reached() -> None:
    address = "Deployment.ml.web/ray"
    assert ways(WEB, software(ports=NO_VALUE), of=address) == ["?"]
    assert ways(WEB, software(ports=[8265, NO_VALUE]), of=address) == [("cluster", 8265, ()), "?"]
    assert ways(software(), of=address) == ["?"]

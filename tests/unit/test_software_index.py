"""The index of servers: whatever recognising would find by trying every server is among its candidates, in order."""

from hypothesis import given
from hypothesis import strategies as st

from assay.detectors.cluster.pods.objects import Container, Env, PodSpec
from assay.detectors.cluster.software.index import Index
from assay.detectors.cluster.software.process import Process
from assay.detectors.cluster.software.server import recognise
from assay.detectors.cluster.software.software import known_servers

SERVERS = known_servers()
INDEX = Index(SERVERS)
IMAGES = sorted({name.replace("*", "x") for server in SERVERS for name in server.images})
WORDS = sorted({word for server in SERVERS for command in server.commands for word in command.split()})
SHELL = ["sh", "-c", "exec", "python", "python3", "&&", "-m", "sleep", "--port", "./start.sh", "/opt/bin/vllm serve"]
NAMES = sorted({name for server in SERVERS for name in server.variables})

words = st.lists(st.sampled_from(WORDS + SHELL), max_size=5).map(tuple) | st.none()
containers = st.builds(
    Container,
    name=st.just("main"),
    image=st.sampled_from(IMAGES).map(lambda name: f"registry.example/{name}:1") | st.sampled_from(["app:1", "$X"]),
    command=words,
    args=words,
    env=st.lists(st.builds(Env, name=st.sampled_from([*NAMES, "HOME"]), value=st.just("x")), max_size=2).map(tuple),
)
controllers = st.sampled_from(
    sorted({kind for server in SERVERS for kind in server.controllers} | {"Job", "Deployment"})
)
roles = st.sampled_from(["", "head", "workers", "driver"])


@given(container=containers, controller=controllers, role=roles, is_first=st.booleans())
def test_what_is_recognised_is_a_candidate(container: Container, controller: str, role: str, is_first: bool) -> None:
    process = Process(container, PodSpec(containers=(container,)), controller, role)
    candidates = INDEX.candidates(process)
    everything = [server.software for server in SERVERS if recognise(server, process, is_first) is not None]
    assert [one.software for one in candidates if recognise(one, process, is_first) is not None] == everything


def test_each_image_makes_its_server_a_candidate_and_a_stranger_none() -> None:
    for server in SERVERS:
        for name in server.images:
            container = Container(image=f"registry.example/{name.replace('*', 'x')}:1")
            assert server in INDEX.candidates(Process(container, PodSpec()))
    assert INDEX.candidates(Process(Container(image="registry.example/team/app:1", command=("/app",)), PodSpec())) == []

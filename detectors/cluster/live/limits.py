"""How much a look at a cluster may take, whatever its API server answers."""

from msgspec import Struct


class Limits(Struct, frozen=True, kw_only=True):
    """Beyond each of these the listing that reached it is unknown, with that reason."""

    seconds: float = 600.0
    """For all of it; what isn't read by then is not waited for."""
    log_in_seconds: float = 120.0
    """For the program that a kubeconfig names for logging in, which may wait for a person."""
    connect_seconds: float = 10.0
    silent_seconds: float = 65.0
    """Without a byte. API servers themselves give up on a request after 60 s."""
    answer_seconds: float = 120.0
    """For one answer, however it trickles."""
    in_flight: int = 4
    """Requests at the same time: an API server gives each caller a small share."""
    waits: int = 5
    """How often one request is asked again after 429 or 503."""
    wait_seconds: float = 30.0
    """The longest wait that a server may ask for at a time."""
    waiting_seconds: float = 180.0
    """All waits of a scan together."""
    restarts: int = 2
    """How often a list that has expired on the way is started again."""
    page_objects: int = 500
    few_objects: int = 10
    """A page where `page_objects` are too many bytes; etcd takes objects of up to 1.5 MB."""
    page_bytes: int = 24 << 20
    """Unpacked."""
    page_parts: int = 1_500_000
    """Objects and lists inside of one page: small ones take many times their bytes once they are decoded."""
    pages: int = 5_000
    objects: int = 400_000
    listing_bytes: int = 4 << 30

"""What charts and kustomizations come to."""

from msgspec import Struct


class Rendered(Struct, frozen=True, kw_only=True):
    """The output of one chart or kustomization."""

    folder: str
    output: bytes
    path: str = ""
    """The file that findings are for; empty: the templates that the output names."""
    prefix: str = ""
    """With which checkov's names of its objects begin."""

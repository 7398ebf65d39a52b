"""How to start Python so that nothing near a target is imported instead of ours."""

import site
import sys


def isolation_flags() -> tuple[str, ...]:
    """Flags that keep PYTHONPATH and the current folder out of the import path.

    `-I` also leaves out the user's own site-packages; where Assay is installed there, that one is kept.
    """
    users = site.getusersitepackages() if site.ENABLE_USER_SITE else None
    if users and __file__.startswith(users + "/") and users in sys.path:
        return ("-E", "-P")
    return ("-I",)

"""Tests look at everything anew, and ask no server of the developer's, unless they say otherwise."""

import os

os.environ["XDG_CACHE_HOME"] = "/proc/no-cache"
os.environ["XDG_RUNTIME_DIR"] = "/proc/no-server"

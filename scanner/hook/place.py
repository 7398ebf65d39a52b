"""Where the server of a user listens, and whether that place can be trusted. Imports the standard library only, and
little of that: `assay-hook` runs this file without Assay's packages."""

import os
import stat
import sys
from binascii import crc32

NAME_BYTES = 107
"""What the kernel takes as the path of a socket."""
_HERE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120  # a Path costs more than all else


class Place:
    """A folder that only the user can enter, with a socket for each installation."""

    def __init__(self, environment: "os._Environ[str] | dict[str, str]") -> None:
        uid = os.geteuid()
        base = environment.get("XDG_RUNTIME_DIR", "")
        if base.startswith("/"):
            self.folder = f"{base}/assay"
        else:
            self.folder = f"/tmp/assay-{uid}"  # noqa: S108  # refused unless it is ours alone
        self.installation = f"{os.path.dirname(sys.executable)}\n{_HERE}"  # noqa: PTH120
        """Which Python and which Assay; what answers must be of the same."""
        users = environment.get("HOME", "").rstrip("/") + "/.local/lib/"
        self.flags = ("-E", "-P") if users.startswith("/") and _HERE.startswith(users) else ("-I",)
        """As `engine.interpreter.isolation_flags`, without importing `site`."""
        self.socket = f"{self.folder}/{crc32(self.installation.encode('utf-8', 'surrogateescape')):08x}.socket"

    def refusal(self) -> str | None:
        """Why nothing here may be trusted; None: it may, or there is nothing yet."""
        if len(os.fsencode(self.socket)) > NAME_BYTES:
            return f"{self.folder}: the path is too long for a socket"
        try:
            found = os.lstat(self.folder)  # as above
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"{self.folder}: {error.strerror}"
        if not stat.S_ISDIR(found.st_mode):
            return f"{self.folder}: it is no folder"
        if found.st_uid != os.geteuid():
            return f"{self.folder}: it belongs to another user"
        if found.st_mode & 0o077:
            return f"{self.folder}: others may enter it"
        return None

    def make(self) -> bool:
        """Makes the folder; whether it can be used now."""
        try:
            os.mkdir(self.folder, 0o700)  # noqa: PTH102
        except FileExistsError:
            pass
        except OSError:
            return False
        return self.refusal() is None

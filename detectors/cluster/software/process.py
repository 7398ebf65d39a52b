"""A container as a process: what is run, with which flags, variables and mounted files."""

import re
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from itertools import pairwise
from typing import Any

from assay.detectors.cluster.pods.images import Image, path_of
from assay.detectors.cluster.pods.images import parse as parse_image
from assay.detectors.cluster.pods.objects import Container, Implied, PodSpec, VolumeMount
from assay.detectors.cluster.pods.volume_objects import Volume
from assay.detectors.cluster.software.commands import Command, Line, parse, unresolved
from assay.detectors.cluster.software.setting import ABSENT, Setting, first, text_of
from assay.scanner.api import Unknown

ANY = "0.0.0.0"  # noqa: S104  # what servers listen on, not what we do
LOOPBACK = "127.0.0.1"

MAX_VALUE = 1024
"""Longer values of variables are not filled in elsewhere."""

_HIDDEN = "its value stands outside the manifest"
_VERSION = re.compile(r"v?(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?")


class Process:
    """What one container runs. Nothing that it returns but decisions may leave this package."""

    def __init__(
        self, container: Container, spec: PodSpec, controller: str = "", role: str = "", owner: Any = None
    ) -> None:
        """`container` is one of `spec`; `owner` is the decoded object that the pod belongs to."""
        self.container = container
        self.spec = spec
        self.controller = controller
        self.role = role
        self.owner = owner
        self.invocation: Command | None = None
        self.open: str | None = None
        """Why flags may be given that aren't seen; None: all are."""

    @cached_property
    def _image(self) -> Image:
        return parse_image(self.container.image)

    def is_image(self, patterns: tuple[str, ...]) -> bool:
        """Whether the repository ends with one of these, folder by folder; `*` stands for any part of a name."""
        return is_named(self.path, patterns)

    @cached_property
    def path(self) -> str:
        """The repository without its registry; empty where it isn't known."""
        repository = self._image.repository
        return path_of(repository)[1] if repository else ""

    @cached_property
    def version(self) -> tuple[int, int, int] | None:
        """As the image's tag begins; None where it has none or another sort of name."""
        match = _VERSION.match(self._image.tag) if isinstance(self._image.tag, str) else None
        if match is None or match[2] is None:
            return None
        return int(match[1]), int(match[2]), int(match[3] or 0)

    @cached_property
    def _literals(self) -> Mapping[str, str]:
        return {
            one.name: one.value
            for one in self.container.env or ()
            if one.name and isinstance(one.value, str) and len(one.value) <= MAX_VALUE and not unresolved(one.value)
        }

    def with_arguments(self, prefix: Sequence[str]) -> Line:
        """What runs where the container sets arguments only, or nothing, and the image itself runs `prefix`."""
        return parse([*prefix, *(self.container.args or ())], self._literals)

    @cached_property
    def full(self) -> Line:
        """What `command` and `args` say together."""
        return parse([*(self.container.command or ()), *(self.container.args or ())], self._literals)

    def runs(self, command: Command | None, open_: str | None) -> "Process":
        """The same process, known to run this command."""
        process = Process(self.container, self.spec, self.controller, self.role, self.owner)
        process.invocation = command
        process.open = open_ or self._unset or _open(command)
        return process

    def opened(self, setting: Setting, reason: str) -> "Process":
        """The same process; where this flag or variable names a file, further settings may stand in that."""
        return self if setting.given is False else self.runs(self.invocation, self.open or reason)

    @property
    def _unset(self) -> str | None:
        """Why what the container doesn't set isn't known; None: it is not set."""
        return self.container.reason if isinstance(self.container, Implied) else None

    def within(self, flags: Setting) -> "Process":
        """The same process with the flags that a variable holds in the place of the command's."""
        text = flags.text or ""
        return self.runs(Command(("", *text.split())), flags.reason if flags.text is None else None)

    def env(self, *names: str) -> Setting:
        """The variable, by the first of these names that is set."""
        return first(self._env(name) for name in names)

    def _env(self, name: str) -> Setting:
        assigned = dict(self.invocation.assigned) if self.invocation else {}
        if name in assigned:
            return setting(assigned[name])
        for one in reversed(self.container.env or ()):
            if one.name != name:
                continue
            if one.value_from is not None:
                return Setting(given=True, reason=f"{name}: {_HIDDEN}")
            return setting(self._literals.get(name, one.value or ""))
        for source in self.container.env_from or ():
            if name.startswith(source.prefix or ""):
                return Setting(given=None, reason=f"{name} may be among variables that stand outside the manifest")
        return Setting(given=None, reason=self._unset) if self._unset else ABSENT

    def option(self, *names: str) -> Setting:
        """A flag with a value, as `--name value` or `--name=value`; `_` and `-` are the same. The last one counts."""
        return self._flag(names, takes_next=True)

    def options(self, name: str) -> list[Setting]:
        """A flag that may be given several times, each time that it is; what may come besides is last."""
        words = self.words()
        found: list[Setting] = []
        for index, word in enumerate(words):
            flag, equals, value = word.partition("=")
            if _spelt(flag) == _spelt(name):
                found.append(setting(value if equals else next(iter(words[index + 1 : index + 2]), "")))
        return [*found, Setting(given=None, reason=self.open)] if self.open else found

    def toggle(self, *names: str) -> Setting:
        """A flag that is on by standing there; `--name=false` is off."""
        return self._flag(names, takes_next=False)

    def words(self) -> tuple[str, ...]:
        """The command's words after the program."""
        return self.invocation.words[1:] if self.invocation else ()

    def _flag(self, names: Sequence[str], takes_next: bool) -> Setting:
        words = self.words()
        wanted = {_spelt(name) for name in names}
        for index in range(len(words) - 1, -1, -1):
            name, equals, value = words[index].partition("=")
            if _spelt(name) not in wanted:
                continue
            if equals:
                return setting(value)
            follows = words[index + 1] if index + 1 < len(words) else None
            if not takes_next:
                return Setting(given=True, text="true")
            return setting(follows if follows is not None and not follows.startswith("--") else "")
        return Setting(given=None, reason=self.open) if self.open else ABSENT

    def mounted(self, *paths: str) -> str | None:
        """Why files at one of these paths may say more: something is mounted there or below, or a configuration above.

        A claim above, such as a home, holds no settings but those of whoever is inside already.
        """
        for mount in self.container.volume_mounts or ():
            at = (mount.mount_path or "").rstrip("/")
            for path in paths:
                if at == path or at.startswith(f"{path}/") or (path.startswith(f"{at}/") and not self._is_claim(mount)):
                    return f"a configuration that is mounted at {path} may say otherwise"
        return None

    def _is_claim(self, mount: VolumeMount) -> bool:
        volume = self._volume(mount)
        return volume is None or volume.persistent_volume_claim is not None or volume.ephemeral is not None

    def _volume(self, mount: VolumeMount) -> Volume | None:
        """The volume of a mount; None where the pod has none of that name."""
        return self._volumes.get(mount.name)

    @cached_property
    def _volumes(self) -> Mapping[str | None, Volume]:
        return {one.name: one for one in self.spec.volumes or ()}

    def writes(self, folder: str) -> bool:
        """Whether it can write to a volume that holds this folder and outlives the pod."""
        covering = [one for one in self.container.volume_mounts or () if _covers(one, folder)]
        if not covering:
            return False
        mount = max(covering, key=lambda one: len(one.mount_path or ""))
        volume = self._volume(mount)
        if mount.read_only is True:
            return False
        if volume is None:  # a StatefulSet's claim
            return True
        sources = (volume.persistent_volume_claim, volume.csi, volume.nfs)
        if any(source is not None and source.read_only is True for source in sources):
            return False
        passing = (volume.empty_dir, volume.config_map, volume.secret, volume.projected, volume.downward_api)
        return all(source is None for source in passing)

    def secured(self, paths: Sequence[str]) -> bool:
        """Whether files of a Secret are mounted where it looks for a certificate."""
        for mount in self.container.volume_mounts or ():
            volume = self._volume(mount)
            held = volume is not None and (volume.secret or volume.projected or volume.csi)
            if held and any((mount.mount_path or "").rstrip("/").startswith(path) for path in paths):
                return True
        return False

    def probed_over_tls(self) -> bool:
        """Whether a probe asks it by HTTPS."""
        probes = (self.container.liveness_probe, self.container.readiness_probe, self.container.startup_probe)
        return any(one and one.http_get and (one.http_get.scheme or "").upper() == "HTTPS" for one in probes)

    def port(self, *settings: Setting, default: int) -> int | Unknown:
        """A port by the first setting that is given; the default also where the start can't be read, if declared."""
        found = first(settings)
        if found.given is False:
            return default
        if found.given is None and any(port.container_port == default for port in self.container.ports or ()):
            return default
        if found.text is None:
            return Unknown(reason=found.reason)
        number = found.text.rpartition(":")[2].rstrip("/")
        return int(number) if re.fullmatch(r"\d{1,5}", number, re.ASCII) else Unknown(reason="a port that is no number")


def is_named(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a repository's path ends with one of these, folder by folder; `*` stands for any part of a name."""
    return bool(patterns) and _endings(patterns).fullmatch(path) is not None


@cache
def _endings(patterns: tuple[str, ...]) -> re.Pattern[str]:
    endings = "|".join(re.escape(pattern).replace(r"\*", "[^/]*") for pattern in patterns)
    return re.compile(rf"(?:.*/)?(?:{endings})")


def listens_locally(*settings: Setting, default: str) -> bool | Unknown:
    """Whether the address that the first setting gives, or the default, is the loopback one."""
    host = text_of(*settings, default=default)
    return host if isinstance(host, Unknown) else is_local(host)


def is_local(host: str) -> bool:
    """Whether an address that is listened on, with or without scheme and port, is the loopback one."""
    name = host.partition("://")[2] or host
    return name.startswith(("127.", "localhost", "::1", "[::1]"))


def setting(text: str) -> Setting:
    """Something that is given with this text, in which a reference may be left."""
    return Setting(given=True, reason=_HIDDEN) if unresolved(text) else Setting(given=True, text=text)


def _covers(mount: VolumeMount, folder: str) -> bool:
    at = (mount.mount_path or "").rstrip("/")
    return bool(at) and (folder == at or folder.startswith(f"{at}/"))


def _spelt(flag: str) -> str:
    return flag.replace("_", "-")


def _open(command: Command | None) -> str | None:
    """Whether a word of the command may stand for further flags."""
    words = command.words if command else ()
    for before, word in pairwise(words):
        if re.match(r"\$[({\w@*]|\{\{", word) and (not before.startswith("-") or "=" in before):
            return "its command line holds something that is filled in elsewhere"
    return None

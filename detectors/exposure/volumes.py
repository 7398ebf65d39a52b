"""Claims: who mounts and who writes to them, and whether what they hold is encrypted."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct

from assay.detectors.answers import Answer, all_of, any_of, negated
from assay.detectors.exposure import read
from assay.detectors.exposure.endpoints import containers
from assay.detectors.worlds import World
from assay.scanner.api import Resource, Unknown

_NOT_ENCRYPTED = ("hostPath", "local", "emptyDir")
_ALWAYS_ENCRYPTED = ("gcePersistentDisk", "azureDisk", "azureFile")
_ALWAYS_ENCRYPTED_DRIVERS = (
    "disk.csi.azure.com",
    "file.csi.azure.com",
    "filestore.csi.storage.gke.io",
    "pd.csi.storage.gke.io",
)
"""Google Cloud and Azure encrypt these whatever is asked for."""
MOST_MOUNTS = 1000
"""Claims of one workload that are looked at."""


class Use(Struct, frozen=True):
    """A claim in a workload."""

    workload: str
    writes: Answer


class Claims:
    """The claims of a source, by namespace and name."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._unread = world.unread("workload.pods")
        self._claims_unread = world.unread("cluster.volume-claim")
        self._uses: dict[tuple[str, str], list[Use]] = defaultdict(list)
        self._known: dict[tuple[str, str], tuple[bool, Answer]] = {}
        self._doubts: dict[str, set[str]] = defaultdict(set)
        """Why workloads of a namespace may use other claims."""
        self._modes = {
            (read.text(read.fact(one, "namespace")), _name(world, one)): _only_read(one)
            for one in world.of("cluster.volume-claim")
        }
        for resource in world.of("workload.pods"):
            namespace = read.text(read.fact(resource, "namespace"))
            if isinstance(namespace, Unknown):
                self._unread = self._unread or namespace.reason
                continue
            for claim, writes in _mounted(resource):
                if isinstance(claim, Unknown):
                    self._doubts[namespace].add(f"{resource.address}: {claim.reason}")
                    continue
                self._uses[namespace, claim].append(Use(resource.address, self._writes((namespace, claim), writes)))

    def mounted_by(self, resource: Resource) -> list[str | Unknown]:
        """The workloads that mount a claim, sorted."""
        namespace, name = self._key(resource)
        if isinstance(namespace, Unknown):
            return [namespace]
        found = {use.workload for use in self._uses.get((namespace, name), ())}
        return [*sorted(found), *self._more(namespace)]

    def written_by(self, resource: Resource) -> list[str | Unknown]:
        """Those of them that can write to it."""
        namespace, name = self._key(resource)
        if isinstance(namespace, Unknown):
            return [namespace]
        uses = self._uses.get((namespace, name), ())
        sure = {use.workload for use in uses if use.writes is True}
        doubts = {use.writes.reason for use in uses if isinstance(use.writes, Unknown) and use.workload not in sure}
        return [*sorted(sure), *(Unknown(reason=one) for one in sorted(doubts)), *self._more(namespace)]

    def shared_writable(self, resource: Resource) -> list[str | Unknown]:
        """Claims that a workload mounts together with others, where it or one of these can write to them; sorted."""
        namespace = read.text(read.fact(resource, "namespace"))
        if isinstance(namespace, Unknown):
            return [namespace]
        found: set[str] = set()
        doubts: set[str] = set()
        for number, (claim, _) in enumerate(_mounted(resource)):
            if number >= MOST_MOUNTS:
                doubts.add(f"more than {MOST_MOUNTS} claims")
                break
            if isinstance(claim, Unknown):
                doubts.add(claim.reason)
                continue
            shared, written = self._shared(namespace, claim)
            if shared and written is True:
                found.add(claim)
            elif shared and isinstance(written, Unknown):
                doubts.add(written.reason)
            elif self._modes.get((namespace, claim), False) is not True:
                doubts.update(one.reason for one in self._more(namespace))
        return [*sorted(found), *(Unknown(reason=one) for one in sorted(doubts))]

    def _writes(self, claim: tuple[str, str], mounted: Answer) -> Answer:
        """A mount that isn't read-only writes nothing to a claim that is."""
        only_read = self._modes.get(claim, Unknown(reason=self._claims_unread) if self._claims_unread else False)
        return all_of((mounted, negated(only_read)))

    def _shared(self, namespace: str, claim: str) -> tuple[bool, Answer]:
        """Whether several workloads mount a claim, and whether one of them can write to it."""
        if (namespace, claim) not in self._known:
            uses = self._uses.get((namespace, claim), ())
            several = len({use.workload for use in uses}) > 1
            self._known[namespace, claim] = (several, any_of(use.writes for use in uses))
        return self._known[namespace, claim]

    def _more(self, namespace: str) -> Iterator[Unknown]:
        if self._unread is not None:
            yield Unknown(reason=self._unread)
        for reason in sorted(self._doubts.get(namespace, ())):
            yield Unknown(reason=reason)

    def _key(self, resource: Resource) -> tuple[str | Unknown, str]:
        return read.text(read.fact(resource, "namespace")), _name(self._world, resource)


class Storage:
    """What classes and volumes say of encryption."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._classes: dict[str, list[Resource]] = defaultdict(list)
        self._volumes: dict[str, list[Resource]] = defaultdict(list)
        for one in world.of("cluster.storage-class"):
            self._classes[read.name_of(world, one, "StorageClass")].append(one)
        for one in world.of("cluster.persistent-volume"):
            self._volumes[read.name_of(world, one, "PersistentVolume")].append(one)
        self._defaults = [
            one for one in world.of("cluster.storage-class") if read.boolean(read.fact(one, "default")) is not False
        ]

    def says(self, claim: Resource, field: str) -> Answer:
        """`encrypted_at_rest` or `customer_managed_key` of a claim, by its class; else by its volume."""
        name = read.optional_text(read.fact(claim, "storage_class"))
        volume = read.optional_text(read.fact(claim, "volume"))
        if isinstance(name, Unknown):
            return name
        if name:
            return self._by_class(name, field, volume)
        if isinstance(volume, str) and volume:
            return self._by_volume(volume, field)
        if name == "":
            return volume if isinstance(volume, Unknown) else Unknown(reason="it has no volume yet")
        return self._by_default(field)

    def _by_class(self, name: str, field: str, volume: str | Unknown | None) -> Answer:
        found = self._classes.get(name)
        if found:
            return _agreed([read.boolean(read.fact(one, field)) for one in found], f"storage class {name}")
        if isinstance(volume, str) and volume in self._volumes:
            return self._by_volume(volume, field, of_class=False)
        return self._missing("cluster.storage-class", f"storage class {name}")

    def _by_volume(self, name: str, field: str, of_class: bool = True) -> Answer:
        found = self._volumes.get(name)
        if not found:
            return self._missing("cluster.persistent-volume", f"volume {name}")
        return _agreed([self._of_volume(one, field, of_class) for one in found], f"volume {name}")

    def _of_volume(self, volume: Resource, field: str, of_class: bool) -> Answer:
        storage_class = read.optional_text(read.fact(volume, "storage_class"))
        if of_class and isinstance(storage_class, str) and storage_class in self._classes:
            return self._by_class(storage_class, field, None)
        kind, driver = read.text(read.fact(volume, "type")), read.optional_text(read.fact(volume, "driver"))
        if isinstance(kind, Unknown):
            return kind
        if kind in _NOT_ENCRYPTED:
            return False
        if field == "encrypted_at_rest" and (kind in _ALWAYS_ENCRYPTED or driver in _ALWAYS_ENCRYPTED_DRIVERS):
            return True
        return Unknown(reason=f"{volume.address} doesn't say how the storage behind it is encrypted")

    def _missing(self, kind: str, what: str) -> Unknown:
        there = "there" if self._world.live else "declared here"
        return Unknown(reason=self._world.unread(kind) or f"{what} isn't {there}")

    def _by_default(self, field: str) -> Answer:
        unread = self._world.unread("cluster.storage-class")
        if unread is not None:
            return Unknown(reason=unread)
        for one in self._defaults:
            default = read.boolean(read.fact(one, "default"))
            if isinstance(default, Unknown):
                return default
        if not self._defaults:
            there = "the cluster has no default storage class" if self._world.live else "it names no storage class"
            return Unknown(reason=there)
        return _agreed([read.boolean(read.fact(one, field)) for one in self._defaults], "the default storage class")


def _agreed(answers: Sequence[Answer], what: str) -> Answer:
    """What several objects of one name say alike."""
    first = answers[0]
    return (
        first if all(one == first for one in answers) else Unknown(reason=f"{what} is there several times, and differs")
    )


def _name(world: World, claim: Resource) -> str:
    namespace = read.text(read.fact(claim, "namespace"))
    return read.name_of(world, claim, "PersistentVolumeClaim", namespace if isinstance(namespace, str) else "")


def _only_read(claim: Resource) -> Answer:
    """Whether nobody can write to a claim; one that names no modes isn't so."""
    modes = read.texts(read.fact(claim, "access_modes"))
    if isinstance(modes, Unknown):
        return modes
    return all_of(one if isinstance(one, Unknown) else one == "ReadOnlyMany" for one in modes or ("",))


def _mounted(resource: Resource) -> Iterator[tuple[str | Unknown, Answer]]:
    """The claims of a workload, and whether it can write to them."""
    volumes = read.listed(read.fact(resource, "volumes"))
    if isinstance(volumes, Unknown):
        yield volumes, volumes
        return
    mounts = dict(_mounts(resource))
    doubt = mounts.pop("", None)
    for stated in volumes:
        volume = read.mapped(stated)
        if isinstance(volume, Unknown):
            yield volume, volume
            continue
        claim = read.optional_text(read.part(volume, "claim"))
        if claim is None:
            continue
        name = read.text(read.part(volume, "name"))
        # A volume that is mounted nowhere may be used as a block device, which can be written to.
        writes = name if isinstance(name, Unknown) else mounts.get(name, True)
        yield claim, doubt if doubt is not None and writes is not True else writes


def _mounts(resource: Resource) -> Iterator[tuple[str, Answer]]:
    """Each volume that is mounted, and whether one of the mounts can be written to; empty for what isn't known."""
    found: dict[str, list[Answer]] = defaultdict(list)
    for container in containers(resource):
        mounts = container if isinstance(container, Unknown) else read.listed(read.part(container, "mounts"))
        for stated in (mounts,) if isinstance(mounts, Unknown) else mounts:
            mount = read.mapped(stated)
            if isinstance(mount, Unknown):
                found[""].append(mount)
                continue
            volume = read.text(read.part(mount, "volume"))
            if isinstance(volume, Unknown):
                found[""].append(volume)
            else:
                found[volume].append(negated(read.boolean(read.part(mount, "read_only"))))
    for name, writable in sorted(found.items()):
        yield name, any_of(writable)

"""Whether AWS's databases refuse clients without TLS: by their parameter group, or by their engine's default."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import at, settled, text
from assay.scanner.api import Fact, Known, Unknown


class _Engine(Struct, frozen=True):
    """How an engine is told to refuse plain connections."""

    parameter: str
    refusing: tuple[str, ...]
    """Values that refuse them."""
    defaults: tuple[tuple[tuple[int, ...], bool | None], ...]
    """What holds where nobody sets the parameter, by first version; None where AWS's guides don't say."""


_OFF = (((0,), False),)
_FORCE = ("rds.force_ssl", ("1", "on"))
_REQUIRE = ("require_secure_transport", ("1", "on"))
_ENGINES: Mapping[str, _Engine] = {
    # "The rds.force_ssl parameter default value is 1 (on) for RDS for PostgreSQL version 15 and later."
    # See: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
    "postgres": _Engine(*_FORCE, (((0,), False), ((15,), True))),
    # See: https://repost.aws/knowledge-center/aurora-postgresql-ssl-certificates
    "aurora-postgresql": _Engine(*_FORCE, (((0,), False), ((17,), None))),
    # See: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/SQLServer.Concepts.General.SSL.Using.html
    "sqlserver": _Engine(*_FORCE, _OFF),
    # See: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/mysql-ssl-connections.html
    "mysql": _Engine(*_REQUIRE, (((0,), False), ((8, 4), None))),
    "aurora-mysql": _Engine(*_REQUIRE, (((0,), False), ((8, 4), None))),
    # MySQL 5.6, which has no such parameter.
    "aurora": _Engine(*_REQUIRE, _OFF),
    # See: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/mariadb-ssl-connections.html
    "mariadb": _Engine(*_REQUIRE, (((0,), False), ((11, 8), None))),
    # See: https://docs.aws.amazon.com/documentdb/latest/developerguide/security.encryption.ssl.html
    "docdb": _Engine("tls", ("enabled", "fips-140-3", "tls1.2+", "tls1.3+"), (((0,), True),)),
    # The family redshift-2.0 is that of clusters made since January 2025.
    # See: https://docs.aws.amazon.com/redshift/latest/mgmt/connecting-ssl-support.html
    "redshift": _Engine("require_ssl", ("1", "on", "true"), (((0,), False), ((2,), True))),
}
_VERSION = re.compile(r"\d+(?:\.\d+)?")


def transit_encrypted(block: Block, world: World, engine: Fact, argument: str, group: str) -> Fact:
    """Whether TLS is forced; `argument` names the parameter group, which is a resource of the type `group`."""
    if isinstance(engine, Unknown):
        return engine
    name = str(engine.value or "").lower()
    if name == "neptune":
        # Since engine 1.0.4.0 there are no other connections.
        # See: https://docs.aws.amazon.com/neptune/latest/userguide/security-ssl.html
        return Known(value=True)
    if name.startswith("oracle"):
        # Plain connections are taken beside TLS unless an option says otherwise.
        # See: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.Oracle.Options.SSL.html
        optional = block.get("option_group_name") is not None
        return Unknown(reason="its option group decides") if optional else Known(value=False)
    known = _ENGINES.get("sqlserver" if name.startswith("sqlserver-") else name)
    if known is None:
        return Unknown(reason=f"not collected for the engine {name or 'that is not named'}")
    version = text(block.get("engine_version"), None)
    named = block.get(argument)
    if named is None:
        return _default(known, version, "not declared: the engine's version decides")
    for other in world.of_type(group):
        if _names(named, other):
            return at(_set(known, other, version), other.location)
    family = settled(named)
    if isinstance(family, str) and family.startswith("default."):
        return _default(known, _of_family(family, version), f"what {family} sets isn't known")
    return Unknown(reason=f"its parameter group isn't declared here: {_shown(named)}")


def _set(engine: _Engine, group: Block, version: Fact) -> Fact:
    unread: Unknown | None = None
    for entry in group.blocks("parameter"):
        name = entry if isinstance(entry, Unknown) else settled(entry.get("name"))
        if isinstance(entry, Block) and name == engine.parameter:
            value = text(entry.get("value"), "")
            return Known(value=str(value.value).lower() in engine.refusing) if isinstance(value, Known) else value
        if isinstance(name, Unknown):
            unread = unread or name
    if unread is not None:
        return unread
    family = settled(group.get("family"))
    reason = f"{group.address} does not set {engine.parameter}: the engine's version decides"
    return _default(engine, _of_family(family, version), reason)


def _of_family(family: Any, version: Fact) -> Fact:
    """The version of a group's family, which is that of its databases; else their own."""
    found = re.search(r"(\d+(?:\.\d+)?)$", family) if isinstance(family, str) else None
    return Known(value=found[1]) if found else version


def _default(engine: _Engine, version: Fact, reason: str) -> Fact:
    if len(engine.defaults) == 1:
        return _decided(engine.defaults[0][1], reason)
    if isinstance(version, Unknown):
        return version
    found = _VERSION.match(str(version.value or ""))
    if not found:
        return Unknown(reason=reason)
    numbers = tuple(int(part) for part in found[0].split("."))
    return _decided([default for first, default in engine.defaults if numbers >= first][-1], reason)


def _decided(default: bool | None, reason: str) -> Fact:
    return Unknown(reason=reason) if default is None else Known(value=default)


def _names(named: Any, other: Block) -> bool:
    targets = getattr(named, "targets", ())
    return other.id in targets or (isinstance(named, str) and named == settled(other.get("name")))


def _shown(named: Any) -> str:
    return named.reason if isinstance(named, Unknown) else str(getattr(named, "text", named))

"""The built-in policy as already read, and its rules' expressions as already written for the engine.

No run then pays for a megabyte of YAML. All of it is kept with digests of the files and of the code that it was made
from: where one of these has been edited since, they are read anew, so what is kept can be out of date but never wrong.
A pack is kept in a file of its own, checked and with all that it inherits, and read only when it is asked for.
`prepared_writer.py` makes the files.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from assay.policies.cel.written import WrittenRule
from assay.scanner.kinds.registry import HOME as KINDS_HOME
from assay.scanner.model.rule import Pack, Policy, Rule

HOME = Path(__file__).parent
TARGET = HOME / "kept"
POLICY = "policy.json"
EXPRESSIONS = "expressions.json"
_ROOT = f"{HOME.parent}/"
_DIGITS = 24


class KeptPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Safeguards, engines and rules."""

    made_from: str
    """The digest of their files."""
    code: str
    policy: Policy


class KeptPack(msgspec.Struct, frozen=True, kw_only=True):
    """A pack as its file was when this was made."""

    code: str
    extends: Mapping[str, str]
    """The built-in files that it inherits from → their digests."""
    pack: Pack
    raw: msgspec.Raw
    """The value of its YAML, as JSON."""


class KeptExpressions(msgspec.Struct, frozen=True, kw_only=True):
    """Rules' expressions as written for the engine."""

    code: str
    rules: Mapping[str, msgspec.Raw]
    """`WrittenRule`s by the digest of what they say."""


_decode_policy = msgspec.json.Decoder(KeptPolicy).decode
_decode_pack = msgspec.json.Decoder(KeptPack).decode
_decode_expressions = msgspec.json.Decoder(KeptExpressions).decode
_decode_written = msgspec.json.Decoder(WrittenRule).decode


def policy() -> Policy | None:
    """The built-in safeguards, engines and rules; None where they must be read from their files."""
    try:
        kept = _decode_policy((TARGET / POLICY).read_bytes())
    except (OSError, msgspec.DecodeError):
        return None
    return kept.policy if kept.code == code() and kept.made_from == digest_of_all(policy_files()) else None


def value_of(text: bytes) -> Any:
    """The value of a built-in pack's file; None where it must be parsed."""
    kept = _kept_pack(digest_of(text))
    return None if kept is None else msgspec.json.decode(kept.raw)


def pack_of(text: bytes) -> Pack | None:
    """The pack that a built-in file describes, merged and checked; None where it must be read from its files."""
    kept = _kept_pack(digest_of(text))
    if kept is None or kept.code != code():
        return None
    parents = kept.extends.items()
    return (
        kept.pack if all(digest_of((HOME / "packs" / name).read_bytes()) == known for name, known in parents) else None
    )


def written(rule: Rule, parameters: Mapping[str, Any]) -> WrittenRule | None:
    """A rule's expressions as written for the engine; None where they must be written anew."""
    raw = _expressions().get(what_is_said(rule, parameters))
    return None if raw is None else _decode_written(raw)


def what_is_said(rule: Rule, parameters: Mapping[str, Any]) -> str:
    """A digest of all that a rule's expressions depend on."""
    said = (rule.kind, rule.applies, rule.assertion, parameters)
    return digest_of(msgspec.json.encode(said, order="deterministic"))[:_DIGITS]


@cache
def _expressions() -> Mapping[str, msgspec.Raw]:
    try:
        kept = _decode_expressions((TARGET / EXPRESSIONS).read_bytes())
    except (OSError, msgspec.DecodeError):
        return {}
    return kept.rules if kept.code == code() else {}


@cache
def _kept_pack(digest: str) -> KeptPack | None:
    try:
        return _decode_pack((TARGET / pack_name(digest)).read_bytes())
    except (OSError, msgspec.DecodeError):
        return None


def pack_name(digest: str) -> str:
    """The name of the file in which a pack is kept, by its own file's digest."""
    return f"pack-{digest[:16]}.json"


@cache
def code() -> str:
    """The digest of what reads policy files and writes expressions, and of the kinds by which these are checked."""
    return digest_of_all(path for folder in (HOME, HOME / "cel", KINDS_HOME) for path in _listed(folder, ".py"))


def policy_files() -> Iterator[str]:
    """All that safeguards, engines and rules are read from."""
    yield str(HOME / "safeguards.yaml")
    yield from _listed(HOME / "engines", ".yaml")
    for area in sorted(os.scandir(HOME / "rules"), key=_name):
        yield from _listed(area.path, ".yaml")


def _listed(folder: Path | str, ending: str) -> Iterator[str]:
    return (entry.path for entry in sorted(os.scandir(folder), key=_name) if entry.name.endswith(ending))


def _name(entry: "os.DirEntry[str]") -> str:
    return entry.name


def digest_of_all(paths: Iterable[str]) -> str:
    """Of files' names below Assay's own folder, and of their content."""
    digest = hashlib.sha256()
    for path in paths:
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123  # hundreds of them, and a Path is dearer
            text = stream.read()
        digest.update(f"{path.removeprefix(_ROOT)} {len(text)}\0".encode())
        digest.update(text)
    return digest.hexdigest()


def digest_of(text: bytes) -> str:
    """In hexadecimal digits."""
    return hashlib.sha256(text).hexdigest()

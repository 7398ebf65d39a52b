"""The built-in policy files as already parsed, so that no run pays for reading a megabyte of YAML.

    python -m assay.policies.prepared [--check]

Each value is kept under the digest of the YAML that it was parsed from: a file that has been edited since is simply
parsed, so what is kept can be out of date but never wrong. A pack is kept in a file of its own, checked and with all
that it inherits, and read only when it is asked for.
"""

import hashlib
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import orjson

from assay.scanner.model.rule import Pack
from assay.scanner.safe import yaml

HOME = Path(__file__).parent
TARGET = HOME / "kept"
_POLICY = "policy.json"
_SORTED = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


class KeptPack(msgspec.Struct, frozen=True, kw_only=True):
    """A pack as its file was when this was made."""

    extends: Mapping[str, str]
    """The built-in files that it inherits from → their digests."""
    pack: Pack
    raw: msgspec.Raw
    """The value of its YAML, as JSON."""


_decode_pack = msgspec.json.Decoder(KeptPack).decode


def value_of(text: bytes) -> Any:
    """The file's value. Raises YamlError as `yaml.load`."""
    digest = hashlib.sha256(text).hexdigest()
    found = _kept().get(digest)
    if found is not None:
        return found
    pack = _kept_pack(digest)
    return yaml.load(text) if pack is None else orjson.loads(bytes(pack.raw))


def pack_of(text: bytes) -> Pack | None:
    """The pack that a built-in file describes, merged and checked; None where any file of it has been edited since."""
    kept = _kept_pack(hashlib.sha256(text).hexdigest())
    if kept is None or any(_digest(HOME / "packs" / name) != digest for name, digest in kept.extends.items()):
        return None
    return kept.pack


@cache
def _kept() -> dict[str, Any]:
    try:
        kept = orjson.loads((TARGET / _POLICY).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return kept if isinstance(kept, dict) else {}


@cache
def _kept_pack(digest: str) -> KeptPack | None:
    try:
        return _decode_pack((TARGET / _pack_name(digest)).read_bytes())
    except (OSError, msgspec.DecodeError):
        return None


def _pack_name(digest: str) -> str:
    return f"pack-{digest[:16]}.json"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def render() -> Iterator[tuple[str, bytes]]:
    """Name and content of each file, from the YAML files as they are now. Raises PolicyError for what can't be used."""
    from assay.policies import book

    packs = sorted((HOME / "packs").glob("*.yaml"))
    others = [path.read_bytes() for path in sorted(HOME.rglob("*.yaml")) if path not in packs]
    yield _POLICY, orjson.dumps({hashlib.sha256(text).hexdigest(): yaml.load(text) for text in others}, option=_SORTED)
    for path in packs:
        loaded = book.load((path.stem,), prepared=False).loaded(path.stem)
        kept = {
            "extends": {file.path.name: hashlib.sha256(file.raw).hexdigest() for file in loaded.files[1:]},
            "pack": msgspec.to_builtins(loaded.pack),
            "raw": msgspec.to_builtins(yaml.load(path.read_bytes())),
        }
        yield _pack_name(_digest(path)), orjson.dumps(kept, option=_SORTED)


def main(argv: list[str]) -> int:
    """Writes the files, or with `--check` says whether they are current; the exit code."""
    made = dict(render())
    there = {path.name: path.read_bytes() for path in TARGET.glob("*.json")}
    if argv == ["--check"]:
        if made == there:
            return 0
        sys.stderr.write(f"{TARGET.name}/ is not current; run `make docs`\n")
        return 1
    TARGET.mkdir(exist_ok=True)
    for name in there.keys() - made.keys():
        (TARGET / name).unlink()
    for name, text in made.items():
        (TARGET / name).write_bytes(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

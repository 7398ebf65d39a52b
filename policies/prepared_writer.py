"""Writes what `prepared.py` reads.

python -m assay.policies.prepared_writer [--check]
"""

import sys
from collections.abc import Iterator

import msgspec

from assay.policies import book, expressions
from assay.policies.cel.written import WrittenRule
from assay.policies.prepared import (
    EXPRESSIONS,
    HOME,
    POLICY,
    TARGET,
    KeptExpressions,
    KeptPack,
    KeptPolicy,
    code,
    digest_of,
    digest_of_all,
    pack_name,
    policy_files,
    what_is_said,
)


def render() -> Iterator[tuple[str, bytes]]:
    """Name and content of each file, from the YAML files as they are now. Raises PolicyError for what can't be used."""
    made_from = digest_of_all(policy_files())
    yield POLICY, _encoded(KeptPolicy(made_from=made_from, code=code(), policy=book.read_policy(HOME)))
    whole = book.load(book.built_in_packs(), use_prepared=False)
    for name in book.built_in_packs():
        loaded = whole.loaded(name)
        text = loaded.files[0].raw
        kept = KeptPack(
            code=code(),
            extends={file.path.name: digest_of(file.raw) for file in loaded.files[1:]},
            pack=loaded.pack,
            raw=msgspec.Raw(_encoded(loaded.files[0].value)),
        )
        yield pack_name(digest_of(text)), _encoded(kept)
    rules = {said: msgspec.Raw(_encoded(written)) for said, written in _write_all(whole)}
    yield EXPRESSIONS, _encoded(KeptExpressions(code=code(), rules=rules))


def _write_all(whole: book.Book) -> Iterator[tuple[str, WrittenRule]]:
    """Every built-in rule with its own parameters, and with those that each of the packs gives it."""
    for rule in whole.rules.values():
        if rule.rego is None:
            own = dict(rule.parameters)
            given = [own, *({name: pack.parameters.get(name, own[name]) for name in own} for pack in whole.packs)]
            for said, parameters in {what_is_said(rule, one): one for one in given}.items():
                yield said, expressions.write(rule, parameters)


def _encoded(value: object) -> bytes:
    return msgspec.json.encode(value, order="sorted")


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

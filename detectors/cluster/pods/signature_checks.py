"""Commands that check, as a container starts, what it got: by a signature, or by a digest in the command."""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from assay.detectors.cluster.pods.fetch_programs import SHELLS, values
from assay.scanner.api import Unknown

_CHECKERS: Mapping[str, frozenset[str]] = {
    "cosign": frozenset(["verify", "verify-blob", "verify-attestation", "verify-blob-attestation"]),
    "model_signing": frozenset(["verify"]),
    "model-signing": frozenset(["verify"]),
    "model_signing.cli": frozenset(["verify"]),
    "sigstore": frozenset(["verify"]),
    "notation": frozenset(["verify"]),
    "slsa-verifier": frozenset(["verify-artifact", "verify-image"]),
    "gh": frozenset(["attestation"]),
    "gpg": frozenset(["--verify"]),
    "gpgv": frozenset(),
    "minisign": frozenset(["-V", "-Vm", "-VHm"]),
    "ssh-keygen": frozenset(["-Y"]),
    "openssl": frozenset(["-verify"]),
}
"""Programs, and the words of which one must be among theirs; none: they do nothing else.

See: https://docs.sigstore.dev/cosign/verifying/verify/ and https://github.com/sigstore/model-transparency
"""
_IMAGES: Mapping[str, str] = {
    "cosign": "cosign",
    "model-transparency-cli": "model_signing",
    "notation": "notation",
    "slsa-verifier": "slsa-verifier",
}
"""Images by the end of their path, and the program that they run where only arguments are given."""
_SUMS = frozenset(["sha256sum", "sha512sum", "shasum", "b2sum", "b3sum"])
_DIGEST = re.compile(r"[0-9a-fA-F]{64}|[0-9a-fA-F]{128}")
_ANYBODY = re.compile(r"\^?\.[*+]\$?")
_IDENTITIES = ("--certificate-identity-regexp", "--certificate-identity-regex")
_WRAPPERS = frozenset(["exec", "sudo", "env", "command", "time", "{", "then", "do", "else"])
_CONDITIONS = frozenset(["if", "elif", "while", "until", "!"])
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*")
_ABORTS = frozenset(["exit", "false", "return", "kill"])
_UNSEEN = Unknown(reason="what is done where a signature doesn't hold can't be told from the command")
_SUMS_UNSEEN = Unknown(reason="the checksums that the model is compared with stand in a file that isn't seen")

Checked = str | Unknown | None
"""`model-signed`, `model-pinned` by a digest, or neither."""


class Step(Struct, frozen=True):
    """One command of those that a container runs, in their order."""

    words: tuple[str, ...]
    ends: str
    """What stands between it and the next: `&&`, `||`, `;`, a new line; empty for the last."""


def named_by(path: str) -> tuple[str, ...]:
    """The program of an image that runs one by itself, as the first word of what its arguments say."""
    program = _IMAGES.get(path.rpartition("/")[2])
    return (program,) if program else ()


def checks(steps: Sequence[Step]) -> list[Checked]:
    """For each step, what it checks so that nothing after it runs where the check fails."""
    strict = False
    found: list[Checked | _Lax] = []
    for step in steps:
        strict = strict or _stops_at_errors(step.words)
        checked = _of(step.words)
        if checked is not None and _CONDITIONS.intersection(step.words[:4]):
            checked = _UNSEEN
        found.append(checked if strict or checked is None else _Lax(checked))
    return _holding(steps, found)


class _Lax(Struct, frozen=True):
    """A check by a shell that goes on after an error."""

    checked: str | Unknown


def _holding(steps: Sequence[Step], checked: Sequence[Checked | _Lax]) -> list[Checked]:
    """What of the checks stops what comes after, from the last step to the first.

    In a shell, a failure skips what `&&` joins to it, and what follows the whole chain runs all the same, even after
    `set -e` unless it was the chain's last command.
    """
    found: list[Checked] = []
    is_last_chain, aborts, ends_chain = True, False, True
    for number in range(len(steps) - 1, -1, -1):
        step, one = steps[number], checked[number]
        if step.ends not in ("&&", "||"):
            is_last_chain, aborts, ends_chain = number == len(steps) - 1, False, True
        elif step.ends == "||":
            following = steps[number + 1].words
            is_last_chain, aborts = False, following[0] in _ABORTS and following[1:2] != ("0",)
            ends_chain = False
        else:
            ends_chain = False
        inner = one.checked if isinstance(one, _Lax) else one
        strict = ends_chain and not isinstance(one, _Lax)
        found.append(inner if isinstance(inner, Unknown) or is_last_chain or aborts or strict else None)
    return found[::-1]


def _of(words: Sequence[str]) -> Checked:
    # Of a pipe, the last program says whether it went well.
    last = words[max((index for index, word in enumerate(words) if word == "|"), default=-1) + 1 :]
    program, rest = _program(last)
    if program in _SUMS and any(word in ("-c", "--check") for word in rest):
        return "model-pinned" if any(_DIGEST.fullmatch(word) for word in words) else _SUMS_UNSEEN
    if program in _CHECKERS:
        return "model-signed" if _checks(program, rest) else None
    return _UNSEEN if last != words and _checks(*_program(words)) else None


def _checks(program: str, rest: Sequence[str]) -> bool:
    wanted = _CHECKERS.get(program)
    if wanted is None or (wanted and wanted.isdisjoint(rest)):
        return False
    if program in ("gh", "ssh-keygen") and "verify" not in rest:
        return False
    # An identity that anybody has is none.
    identities = [value for option in _IDENTITIES for value in values(rest, option)]
    return not any(_ANYBODY.fullmatch(value) for value in identities)


def _program(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The program, past shells and wrappers, and the words after it."""
    index = 0
    while index < len(words):
        name = words[index].rpartition("/")[2]
        if name in SHELLS or name in _WRAPPERS or name in _CONDITIONS or _ASSIGNMENT.fullmatch(words[index]):
            index += 1
            while index < len(words) and name in SHELLS and words[index].startswith("-"):
                index += 2 if words[index] == "-o" else 1
            continue
        if name.startswith("python") and list(words[index + 1 : index + 2]) == ["-m"]:
            index += 2
            continue
        return name, words[index + 1 :]
    return "", ()


def _stops_at_errors(words: Sequence[str]) -> bool:
    """`set -e` and its like, alone or as flags of the shell."""
    name = words[0].rpartition("/")[2] if words else ""
    if name != "set" and name not in SHELLS:
        # The shell's own flags come before the first command of its script.
        at = next((index for index, word in enumerate(words) if word == "set"), None)
        return at is not None and at <= 4 and _stops_at_errors(words[at:])
    for word, after in zip(words[1:], (*words[2:], ""), strict=False):
        if word == "-o" and after == "errexit":
            return True
        if not word.startswith("-"):
            return name in SHELLS and word == "set" and _stops_at_errors(words[list(words).index("set") :])
        if not word.startswith("--") and "e" in word:
            return True
    return False

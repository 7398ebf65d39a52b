"""Variables of containers that hold secrets: filled from Secrets, or written into the template."""

import re
from collections.abc import Iterable
from functools import lru_cache

from assay.detectors.cluster.pods.objects import Container
from assay.detectors.cluster.stating import MAX_ELEMENTS, placeholder
from assay.detectors.cluster.words import words_of
from assay.scanner.api import Unknown

_NAME = re.compile(r"[A-Za-z_.\-][A-Za-z0-9_.\-]{0,250}")
_LOOKED_AT = 4_096
"""Characters of a value."""

_SECRET_WORDS = frozenset([
    "password", "passwd", "passphrase", "passcode", "pwd", "pass", "secret", "secrets", "token", "credential",
    "credentials", "apikey", "secretkey", "accesskey", "privatekey", "authtoken",
])  # fmt: skip
_SECRET_ENDINGS = ("password", "passwd", "passphrase", "apikey", "secretkey", "accesskey", "privatekey", "accesstoken")
_KEYS = frozenset([
    "api", "access", "private", "account", "storage", "encryption", "signing", "master", "secret", "license",
    "fernet", "shared", "session", "hmac", "ssh", "deploy", "subscription", "client", "service",
])  # fmt: skip
"""`… key` is a secret after one of these."""
_ABOUT = frozenset([
    "name", "names", "file", "files", "path", "paths", "dir", "directory", "folder", "ref", "reference", "arn",
    "id", "ids", "url", "uri", "host", "port", "endpoint", "address", "region", "namespace", "version",
    "enabled", "disabled", "enable", "disable", "required", "length", "size", "limit", "limits", "count", "max",
    "min", "ttl", "expiry", "expire", "expires", "expiration", "timeout", "lifetime", "duration", "interval",
    "minutes", "seconds", "hours", "days", "type", "mode", "policy", "issuer", "audience", "algorithm",
    "provider", "store", "manager", "backend", "class", "header", "field", "prefix", "suffix", "rotation",
    "method", "format", "encoding", "mount", "volume", "separator", "parallelism", "cache",
])  # fmt: skip
"""After the secret's word: it is about the secret, and isn't one."""
_VOCABULARY = frozenset([
    "pad", "eos", "bos", "unk", "mask", "cls", "sep", "stop", "start", "end", "max", "min", "new", "special",
    "image", "csrf", "num",
])  # fmt: skip
"""Before `token`: one of a language model's, or how many."""
_SECRET_OBJECTS = frozenset(["pull", "tls", "cert", "certificate"])
"""Before `secret`: the name of a Kubernetes Secret."""

_TOKENS = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w\-]{16,}"
    r"|xox[abeoprs]-[\w\-]{10,}|sk-[\w\-]{20,}|[sr]k_(?:live|test)_\w{10,}|AIza[\w\-]{30,}|ya29\.[\w\-.]{20,}"
    r"|hf_[A-Za-z0-9]{20,}|nvapi-[\w\-]{20,}|npm_\w{20,}|pypi-[\w\-]{20,}|dckr_pat_[\w\-]{20,}|SG\.[\w\-.]{20,}"
    r"|dop_v1_\w{20,}|lsv2_[ps]t_\w{20,}|eyJ[\w\-]{10,300}\.eyJ[\w\-]{10,300})",
    re.ASCII,
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY")
_URL_PASSWORD = re.compile(r"://[^/\s:@]{0,256}:([^/\s@]{1,256})@")
_SETTING_PASSWORD = re.compile(
    r"(?:^|[;,&?\s])(?:password|pwd|accountkey|sharedaccesskey)\s{0,4}=\s{0,4}([^;,&\s]{1,256})", re.IGNORECASE
)
_WEBHOOK = re.compile(r"https://hooks\.slack\.com/services/\w|https://discord(?:app)?\.com/api/webhooks/\d")

_REFERENCE = re.compile(
    r"\$\([A-Za-z_][\w.\-]*\)|(?:ref\+\w+|op|secretref|keyring|sops|awssm|akv)://.*|vault:\S+[/#].*"
    r"|arn:aws[\w\-]*:(?:secretsmanager|ssm):.*|projects/[^/]+/secrets/.*|@Microsoft\.KeyVault.*",
    re.DOTALL,
)
_HARMLESS = frozenset([
    "true", "false", "yes", "no", "on", "off", "none", "null", "nil", "undefined", "disabled", "enabled",
    "n/a",
])  # fmt: skip
_FILE = re.compile(r"(?:file:|~|\.{0,2})/[\w./@:\-]*")
_ADDRESS = re.compile(r"(?:https?|grpc)://[^\s@]*")
_LEFT = ("${", "{{", "<no value>")


def from_secrets(container: Container) -> list[str | Unknown]:
    """Names of variables that are filled from Secrets; `*` for all keys of one."""
    found: set[str] = set()
    odd = False
    for one in container.env or ():
        if one.value_from is not None and one.value_from.secret_key_ref is not None:
            if _NAME.fullmatch(one.name or ""):
                found.add(one.name or "")
            else:
                odd = True
    if any(source.secret_ref is not None for source in container.env_from or ()):
        found.add("*")
    return _stated(found, [_ODD_NAME] if odd else [])


def in_the_open(container: Container) -> list[str | Unknown]:
    """Names of variables whose value stands in the template and looks like a secret, by name or by shape.

    What a placeholder will become isn't known, where the variable's name says that it is a secret.
    """
    found: set[str] = set()
    unknown: list[Unknown] = []
    for one in container.env or ():
        name, value = one.name or "", one.value
        if not value:
            continue
        looks = looks_secret(name, value)
        if not looks:
            continue
        if not _NAME.fullmatch(name):
            unknown.append(_ODD_NAME)
        elif isinstance(looks, Unknown):
            unknown.append(Unknown(reason=f"{looks.reason} in {name}"))
        else:
            found.add(name)
    return _stated(found, unknown)


@lru_cache(maxsize=10_000)
def looks_secret(name: str, value: str) -> bool | Unknown:
    """Whether a variable's value is a secret. Placeholders for people such as `changeme` are: they get deployed."""
    value = value[:_LOOKED_AT].strip()
    if not value or _REFERENCE.fullmatch(value):
        return False
    if _TOKENS.search(value) or _PRIVATE_KEY.search(value) or _WEBHOOK.search(value):
        return True
    passwords = [*_URL_PASSWORD.findall(value), *_SETTING_PASSWORD.findall(value)]
    if any(not _is_left(password) and not _REFERENCE.fullmatch(password) for password in passwords):
        return True
    left = _is_left(value)
    if passwords and left:
        return placeholder(value)
    if not named_secret(name) or _harmless(value):
        return False
    return placeholder(value) if left else True


@lru_cache(maxsize=10_000)
def named_secret(name: str) -> bool:
    """Whether the name of a variable says that it holds a secret."""
    words = words_of(name[:250])
    for index, word in enumerate(words):
        before = words[index - 1] if index else ""
        secret = word in _SECRET_WORDS or word.endswith(_SECRET_ENDINGS) or (word == "key" and before in _KEYS)
        if not secret or any(later in _ABOUT for later in words[index + 1 :]):
            continue
        if (word == "token" and before in _VOCABULARY) or (word == "secret" and before in _SECRET_OBJECTS):
            continue
        return True
    return False


_ODD_NAME = Unknown(reason="unreadable: a variable's name isn't one")


def _is_left(text: str) -> bool:
    return any(mark in text for mark in _LEFT)


def _harmless(value: str) -> bool:
    """A switch, a file's path or an address."""
    return (
        value.lower() in _HARMLESS
        or _FILE.fullmatch(value) is not None
        or (_ADDRESS.fullmatch(value) is not None and not _is_left(value))
    )


def _stated(found: Iterable[str], unknown: list[Unknown]) -> list[str | Unknown]:
    names: list[str | Unknown] = [*sorted(found)]
    if len(names) > MAX_ELEMENTS:
        names = [*names[:MAX_ELEMENTS], Unknown(reason=f"more than {MAX_ELEMENTS} variables")]
    return [*names, *sorted(set(unknown), key=lambda one: one.reason)[:MAX_ELEMENTS]]

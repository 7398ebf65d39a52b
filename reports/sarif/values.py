"""Assay's words in SARIF's: severities, names, URIs and Markdown."""

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import quote, urlsplit

from assay.reports.visible_text import one_line
from assay.scanner.model.finding import SEVERITIES, Severity

Json = dict[str, object]
"""One SARIF object, ready for orjson."""

ROOT = "SRCROOT"
"""The `uriBaseId` of the scanned folder; every path is relative to it."""
TOP = "REPOROOT"
"""The name of the top of the repository that the scanned folder lies in."""
LEVELS: dict[Severity, str] = {
    "critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note",
}  # fmt: skip
SCORES: dict[Severity, float] = {"critical": 9.5, "high": 8.0, "medium": 5.5, "low": 3.0, "info": 0.0}
"""`security-severity`, in the middle of the bands that GitHub cuts at 9.0, 7.0, 4.0 and 0.1."""

_SCP_REMOTE = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!/)(.+)")
_WORD = re.compile(r"[A-Za-z0-9]+")
_PASCAL = re.compile(r"([A-Z][a-z0-9]+)+")
_MARKDOWN = "\\`*_[]<>#|~!@&$"
"""Backslash first: it is what escapes the others."""
_VERSION = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?[.-]?(.*)")


def worst(severities: Iterable[Severity]) -> Severity:
    """The most severe of them; there is at least one."""
    return min(severities, key=SEVERITIES.index)


def digest(text: str) -> str:
    """16 hexadecimal digits that stand for a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def artifact_uri(path: str) -> str:
    """A relative POSIX path as a relative reference. `:` is encoded too: `a:b.tf` would read as a scheme."""
    return quote(path.lstrip("/").encode("utf-8", "surrogatepass"), safe="/-._~")


def web_uri(text: str) -> str | None:
    """The text if it is an absolute http(s) URI that strict readers take, else None."""
    quoted = quote(text.strip(), safe="%/:=&?~#+!$,;'@()*[]-._")
    try:
        parts = urlsplit(quoted)
    except ValueError:
        return None
    return quoted if parts.scheme in ("http", "https") and parts.hostname else None


def repository_uri(remote: str | None) -> str | None:
    """A git remote as an absolute URI without a password: `git@host:a/b` becomes `ssh://git@host/a/b`."""
    if not remote:
        return None
    if "://" not in remote:
        match = _SCP_REMOTE.fullmatch(remote)
        return f"ssh://{match[1]}/{quote(match[2], safe='/-._~')}" if match else None
    scheme, _, rest = remote.partition("://")
    host, slash, path = rest.rpartition("@")[2].partition("/") if "@" in rest.partition("/")[0] else rest.partition("/")
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) or not re.fullmatch(r"[\w.:\[\]-]+", host, re.ASCII):
        return None
    return f"{scheme}://{host}{slash}{quote(path, safe='/-._~%')}"


def semantic_version(version: str) -> str:
    """A Python version as a semantic one: `1.2.dev3` becomes `1.2.0-dev3`."""
    match = _VERSION.match(version)
    if match is None:
        return "0.0.0"
    numbers = ".".join(str(int(part or 0)) for part in match.groups()[:3])
    rest = "-".join(_WORD.findall(match[4]))
    return f"{numbers}-{rest}" if rest else numbers


def pascal_name(rule: str, title: str) -> str:
    """A readable name that differs from the id, as SARIF asks: from a kebab id, else from the title."""
    source = rule if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule) else title
    name = ""
    for word in _WORD.findall(source)[:14]:
        alone = len(word) == 1 or word[0].isdigit()
        # A word of one letter or a number would not be a Pascal word of its own.
        name += word.lower() if alone and name else word[0].upper() + word[1:].lower()
    if not _PASCAL.fullmatch(name):
        name = f"Rule{name.lower()}"
    return f"{name}Rule" if name.lower() == rule.lower() else name


def markdown_text(text: str) -> str:
    """Text from a scanned tree, so that Markdown shows it and does nothing with it."""
    for char in _MARKDOWN:
        if char in text:
            text = text.replace(char, "\\" + char)
    return text


def markdown_code(text: str) -> str:
    """Text from a scanned tree as inline code."""
    return "`" + one_line(text).replace("`", "'") + "`"


def plain_message(text: str) -> str:
    """A `message.text`, in which `[text](1)` would be a link to a related location."""
    return text.replace("](", "] (")

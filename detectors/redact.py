"""Masks secrets and personal data in source lines that are shown with a finding.

Better a harmless value masked than a secret shown: a line whose key looks secret loses everything after the key.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from assay.detectors.cloud.names import SERVICE_ACCOUNT
from assay.detectors.redact_commands import mask_arguments

MASK = "[redacted]"
MAX_LINE = 160
"""Characters of a shown line."""

_CUT = 4096
_KEY = (
    r"[\w.\-]*?(?:pass(?:word|wd|phrase|code)|passwd|pwd|psw|secret|token|api[_\-]?key|apikey|access[_\-]?key|"
    r"private[_\-]?key|(?:account|shared|storage|master|signing|encryption|client|license)[_\-]?key|"
    r"conn(?:ection)?[_\-]?str(?:ing)?|credential|authorization|bearer|webhook|dsn|cookie|passport|ssn"
    r"|(?:(?<![a-z])|(?-i:(?<=[a-z])(?=P)))pw(?![a-z]))[\w.\-]*"
)
_HINT = re.compile(
    r"pass|pw|psw|secret|token|key|conn|cred|auth|bearer|webhook|dsn|cookie|ssn|data|-----", re.IGNORECASE
)
"""Without any of these no line opens a mask; it saves the patterns below most of their work."""
_KIND_SECRET = re.compile(r"\s*[\"']?kind[\"']?\s*:\s*[\"']?Secret\b")
_SECRET_DATA = re.compile(r"\s*[\"']?(?:data|stringData)[\"']?\s*:(?P<value>.*)")
_ASSIGNMENT = re.compile(
    rf"(?P<key>(?<![\w.\-])(?!secretsmanager:[\w*])(?:{_KEY})[\"'`\])]*\s*(?::=|=>|[:=]|>(?!\s*$)))(?P<value>.*)",
    re.IGNORECASE,
)
_POSITIONAL = re.compile(
    rf"(?P<key>(?:^\s*(?:ENV|ARG|export|set|setx)\s+|(?:(?<!\S)|[\"'])-{{1,2}})(?:{_KEY})(?:\s+|[\"']\s*,\s*))(?P<value>\S.*)",
    re.IGNORECASE,
)
_FLAG_ALONE = re.compile(rf"\s*(?:-\s+)?[\"']?(?:-p|-{{1,2}}{_KEY})[\"']?\s*,?\s*$", re.IGNORECASE)
"""In a list of arguments, one to a line: the next one is the secret."""
_SAID = re.compile(rf"(?P<key>\b(?:{_KEY})\s+(?:is|was|are)\s+)(?P<value>\S.*)", re.IGNORECASE)
_NAMED_PAIR = re.compile(
    rf"(?:name|key|parameterkey)[\"']?\s*[:=]\s*[\"']?{_KEY}[\"']?\s*(?P<rest>,.*)?$", re.IGNORECASE
)
_PAIR_VALUE = re.compile(r"(?P<key>[\"']?\b(?:value|parametervalue|default)[\"']?\s*[:=])(?P<value>.*)", re.IGNORECASE)
_BLOCK = re.compile(rf"^\s*(?:variable|output|parameter|param)\s+[\"']?{_KEY}[\"']?", re.IGNORECASE)
_HARMLESS = re.compile(
    r"\s*(?:[\[{(|>&]?[-+]?\s*$|(?:true|false|null|none|~)\s*,?\s*$"
    r"|(?:var|local|data|module|each|self|random_\w+|aws_\w+|azurerm_\w+|google_\w+|kubernetes_\w+)"
    r"\.[A-Za-z_][\w.\[\]*\-]*\s*$)",
    re.IGNORECASE,
)
_OPENS_BLOCK = re.compile(r"\s*(?:[|>][-+\d]*|[\[{(]|)\s*(?:#.*)?$")
_HEREDOC = re.compile(r"<<[-~]?\s*[\"']?(\w+)")
_TOKENS = re.compile(
    r"(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[0-9A-Z]{12,}|gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w\-]{16,}"
    r"|xox[abeoprs]-[\w\-]{8,}|sk-[\w\-]{16,}|[sr]k_(?:live|test)_\w{8,}|AIza[\w\-]{20,}|ya29\.[\w\-.]+|hf_\w{16,}"
    r"|npm_\w{16,}|pypi-[\w\-]{16,}|SG\.[\w\-.]{16,}|dop_v1_\w+|eyJ[\w\-]{8,}\.[\w\-]{4,}(?:\.[\w\-]*)?"
)
_URL_CREDENTIALS = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.\-]{1,20}://)[^\s/@\"']*:[^\s@\"']*@", re.IGNORECASE)
_SCHEME_WORD = re.compile(r"(?P<key>\b(?:bearer|basic)\s+)[\w\-.+/=]{6,}", re.IGNORECASE)
_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]*-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]*-----")
_EMAIL = re.compile(r"[\w.+\-]{1,64}@(?!v?\d+\.(?:\d|x\b))(?:[\w\-]{1,63}\.)+(?:[^\W\d_]{2,24}|xn--[\w\-]+)")
"""Not `python@2.1.1`, which is a name and its version."""
_USER_INFO = re.compile(r"//[^/\s@]*@")
_QUERY = re.compile(r"\?[^\s\"']+")
_PERSONAL_NUMBER = re.compile(
    r"(?<![\w.\-])(?:\d{3}-\d{2}-\d{4}|(?:\d[ \-]?){12,18}\d"
    r"|\+\d[\d \-()]{7,16}\d|[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7})(?![\w\-])"
)
_LITERAL = re.compile(r"[A-Za-z0-9+/=_\-]{20,}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


class Masker:
    """Masks lines of one file. Holds the whole file, as a mask may begin above the first line that is shown."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self._hidden = _hidden(lines)

    def shown(self, start: int, end: int) -> tuple[str, ...]:
        """The lines from `start` to `end`, counted from 1 and inclusive, masked and cut to size."""
        span = range(max(0, start - 1), min(end, len(self.lines)))
        return tuple(MASK if index in self._hidden else mask_line(self.lines[index]) for index in span)


def mask_line(line: str) -> str:
    """One line by itself, masked, without control characters and cut to size."""
    return _cut(_mask(_clean(line)))


def mask_address(address: str) -> str:
    """An address from which code is fetched, without the user it is fetched as and without its query."""
    return mask_line(_QUERY.sub(f"?{MASK}", _USER_INFO.sub(f"//{MASK}@", address)))


def _clean(line: str) -> str:
    if len(line) > _CUT:
        # The cut may split a secret, and the rest of it no longer looks like one.
        line = line[:_CUT].rpartition(" ")[0] or MASK
    return _CONTROL.sub("", line)


def _cut(line: str) -> str:
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 1]}…"


@lru_cache(maxsize=4096)
def _mask(line: str) -> str:
    """Remembers, as the same lines are shown with several findings."""
    if _PEM_BEGIN.search(line) or _PEM_END.search(line):
        return MASK
    hinted = _HINT.search(line) is not None
    if hinted:
        line = _ASSIGNMENT.sub(_mask_value, line)
        line = _POSITIONAL.sub(_mask_value, line)
        line = _SAID.sub(_mask_value, line)
    line = mask_arguments(line, MASK)
    if hinted and (pair := _NAMED_PAIR.search(line)) and pair["rest"]:
        line = line[: pair.start("rest")] + _PAIR_VALUE.sub(_mask_value, pair["rest"])
    if "@" in line:
        line = _URL_CREDENTIALS.sub(rf"\g<scheme>{MASK}@", line)
    line = _SCHEME_WORD.sub(rf"\g<key>{MASK}", line)
    line = _TOKENS.sub(MASK, line)
    if "@" in line:
        # A service account of Google's only looks like a person's address.
        line = _EMAIL.sub(lambda found: found[0] if SERVICE_ACCOUNT.fullmatch(found[0]) else MASK, line)
    line = _PERSONAL_NUMBER.sub(MASK, line)
    return _LITERAL.sub(lambda found: MASK if _looks_random(found[0]) else found[0], line)


def _mask_value(found: re.Match[str]) -> str:
    if _HARMLESS.match(found["value"]):
        return found[0]
    space = "" if found["key"].endswith((" ", "\t")) else " "
    return f"{found['key']}{space}{MASK}"


def _looks_random(text: str) -> bool:
    if re.fullmatch(r"[0-9a-fA-F\-]{32,}", text):
        return True
    mixed = sum(bool(re.search(kind, text)) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    if mixed < 3 and not (mixed == 2 and re.search("[0-9]", text) and "_" not in text and "-" not in text):
        return False
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values()) > 3.3


def _hidden(lines: Sequence[str]) -> frozenset[int]:
    """The indexes of the lines that are secret for what stands above them."""
    hidden: set[int] = set()
    is_manifest_of_secret = any(_KIND_SECRET.match(line) for line in lines)
    ends_at: re.Pattern[str] | None = None
    block: int | None = None
    value_until = -1
    for index, line in enumerate(lines):
        line = line[:_CUT]
        if ends_at is not None:
            hidden.add(index)
            if ends_at.search(line):
                ends_at = None
            continue
        indent = len(line) - len(line.lstrip())
        if block is not None:
            if not line.strip() or indent > block or (indent == block and line.lstrip().startswith("-")):
                hidden.add(index)
                continue
            block = None
        if index <= value_until and (value := _PAIR_VALUE.search(line)) and not _HARMLESS.match(value["value"]):
            hidden.add(index)
        if "-" in line and _FLAG_ALONE.match(line) and index + 1 < len(lines):
            hidden.add(index + 1)
        if not _HINT.search(line):
            continue
        if _PEM_BEGIN.search(line) and not _PEM_END.search(line):
            hidden.add(index)
            ends_at = _PEM_END
        elif _NAMED_PAIR.search(line):
            value_until = index + 3
        elif _BLOCK.search(line):
            value_until = index + 12
        elif found := _ASSIGNMENT.search(line) or (_SECRET_DATA.match(line) if is_manifest_of_secret else None):
            if heredoc := _HEREDOC.search(found["value"]):
                ends_at = re.compile(rf"^\s*{heredoc[1]}\s*$")
            elif _OPENS_BLOCK.match(found["value"]):
                block = indent
    return frozenset(hidden)

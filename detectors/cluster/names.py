"""What the API takes for the name of a Service, a label or a port; what it would refuse is no real one.

See https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
"""

import re

_LABEL = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?")
_PORT = re.compile(r"(?=.{0,14}[a-z])[a-z0-9](?:[-a-z0-9]{0,13}[a-z0-9])?")
_SERVICE = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
HIGHEST_PORT = 65535


def is_label_key(text: str) -> bool:
    """A label may have the key."""
    prefix, slash, name = text.rpartition("/")
    return _LABEL.fullmatch(name) is not None and (not slash or _PREFIX.fullmatch(prefix) is not None)


def is_label_value(text: str) -> bool:
    """A label may have the value; an empty one too."""
    return not text or _LABEL.fullmatch(text) is not None


def is_service(text: str) -> bool:
    """A Service may have the name."""
    return _SERVICE.fullmatch(text) is not None


def is_port(text: str) -> bool:
    """A text is a port's number, or a name that one may have."""
    if text.isascii() and text.isdecimal():
        return len(text) <= len(str(HIGHEST_PORT)) and 1 <= int(text) <= HIGHEST_PORT
    return _PORT.fullmatch(text) is not None

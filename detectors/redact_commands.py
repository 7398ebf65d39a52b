"""Masks secrets that are given to programs as arguments, in a shell line or in a list of arguments."""

import re

_BETWEEN = r"[\"']?(?:\s*[,=]\s*|\s+)[\"']?"
"""What stands between a flag and its value: a space in a shell, quotes and a comma in a list."""
_LOGIN = re.compile(
    rf"(?P<key>(?:(?<!\S)|[\"'])(?:-u(?:{_BETWEEN})?|--(?:proxy-)?user{_BETWEEN})[^\s:\"',]+:)(?P<value>[^\s\"']+)"
)
"""`curl -u name:secret`."""
_PASSWORD_FLAG = re.compile(
    r"(?P<key>\b(?:mysql\w*|mariadb[\w\-]*|sshpass|redis-cli|mongo\w*|docker\s+login|htpasswd|ldap\w+|sqlcmd|zip|7z)\b"
    r"[^|;]*?(?:\s|[\"'])-(?:p|a|w|P)[\"']?\s*,?\s*[\"']?)(?P<value>[^\s\"',]+)"
)
"""`mysql -psecret`, `sshpass -p secret`: one letter means a password to these programs only."""
_LISTED_FLAG = re.compile(r"(?P<key>[\"']-p[\"']\s*,\s*[\"']?)(?P<value>[^\s\"',\]]+)")
"""`["-p", "secret"]`, whose program may stand on another line."""
_HARMLESS = re.compile(r"[\d:.]+$|[./~\-]|\$")
"""Ports, numbers of users, paths, the next flag, and names of variables."""


def mask_arguments(line: str, mask: str) -> str:
    """The line with the arguments that are secrets replaced."""

    if "-" not in line:
        return line  # No flag.

    def hide(found: re.Match[str]) -> str:
        return found[0] if _HARMLESS.match(found["value"]) else f"{found['key']}{mask}"

    for pattern in (_LOGIN, _PASSWORD_FLAG, _LISTED_FLAG):
        line = pattern.sub(hide, line)
    return line

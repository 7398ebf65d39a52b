"""Command lines of containers: what is run, through shells and wrappers, without running anything."""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

MAX_SCRIPT = 64 * 1024
"""Longer command lines are not looked through."""

_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})
_WRAPPERS: Mapping[tuple[str, ...], int] = {
    ("exec",): 0, ("env",): 0, ("nohup",): 0, ("sudo",): 0, ("time",): 0, ("tini",): 0, ("dumb-init",): 0,
    ("catatonit",): 0, ("gosu",): 1, ("su-exec",): 1, ("timeout",): 1, ("conda", "run"): 0, ("mamba", "run"): 0,
    ("micromamba", "run"): 0, ("uv", "run"): 0, ("poetry", "run"): 0, ("pipenv", "run"): 0, ("ddtrace-run",): 0,
    ("opentelemetry-instrument",): 0, ("docker-entrypoint.sh",): 0, ("entrypoint.sh",): 0, ("start.sh",): 0,
    ("if",): 0, ("then",): 0, ("else",): 0, ("do",): 0, ("while",): 0, ("until",): 0, ("!",): 0, ("{",): 0,
}  # fmt: skip
"""Programs that run the rest of the line, and how many words of their own they take after their flags."""
_VALUED = frozenset({"-n", "--name", "-p", "--prefix", "-u", "--user", "--with", "--extra", "--project"})
"""Flags of wrappers whose value is a word of its own."""

_TOKEN = re.compile(r"""\n|;|\|\||&&|[|&()<>]|(?:[^\s;&|()<>'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+""", re.DOTALL)
_QUOTED = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)""", re.DOTALL)
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_ENDS = frozenset({"\n", ";", "||", "&&", "|", "&", "(", ")"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_VARIABLE = re.compile(r"\$\((\w+)\)|\$\{(\w+)\}|\$(\w+)", re.ASCII)
_LEFTOVER = re.compile(r"\$[({\w@*]|\{\{|<[A-Za-z_][\w-]*>")


class Command(Struct, frozen=True):
    """One simple command."""

    words: tuple[str, ...]
    """The program first, wrappers before it taken away."""
    assigned: tuple[tuple[str, str], ...] = ()
    """Variables that the line sets for it."""
    program: str = ""
    """Its name without the folder; any Python is `python`."""


class Line(Struct, frozen=True):
    """All that a container runs."""

    commands: tuple[Command, ...]
    unread: str | None = None
    """Why there may be more; None: this is all."""


def parse(words: Sequence[str], variables: Mapping[str, str]) -> Line:
    """The commands of an argument vector; `variables` are those whose values stand in the manifest.

    Where a variable has no value here, the words keep its reference, for which `unresolved` holds.
    """
    if sum(map(len, words)) > MAX_SCRIPT:
        return Line((), "its command line is too long to be looked through")
    expanded = [_expand(word, variables) for word in words]
    command = _unwrapped(expanded)
    if command is None:
        return Line(())
    script = _script(command.words)
    if script is not None:
        return _shell(script, variables)
    return Line((command,))


def unresolved(text: str) -> bool:
    """Whether something is still to be filled in."""
    return _LEFTOVER.search(text) is not None


def is_script(command: Command) -> bool:
    """Whether it runs a file of commands, which the manifest doesn't show."""
    words = command.words
    if command.program in _SHELLS | {"python", "source", "."}:
        return len(words) > 1 and not words[1].startswith("-")
    return command.program.endswith((".sh", ".py", ".bash")) or unresolved(words[0])


def _script(words: Sequence[str]) -> str | None:
    """The text that a shell is given with `-c`."""
    if words[0].rpartition("/")[2] not in _SHELLS:
        return None
    for index, word in enumerate(words[1:], 1):
        if not word.startswith("-"):
            return None
        if re.fullmatch(r"-[a-z]*c", word):
            rest = [one for one in words[index + 1 :] if one != "--"]
            return rest[0] if rest else None
    return None


def _shell(script: str, variables: Mapping[str, str]) -> Line:
    text = _COMMENT.sub("", script.replace("\\\n", " "))
    known = dict(variables)
    found: list[Command] = []
    current: list[str] = []
    for token in [*_TOKEN.findall(text), "\n"]:
        if token not in _ENDS:
            current.append(_expand(_QUOTED.sub(_unquoted, token), known))
            continue
        if current and current[0] == "export":
            current = current[1:]
        command = _unwrapped(current)
        if command is not None:
            found.append(command)
        else:
            known |= dict(_split(word) for word in current if _ASSIGNMENT.match(word) and len(word) < 1024)
        current = []
    return Line(tuple(found))


def _unquoted(match: re.Match[str]) -> str:
    return next((part for part in match.groups() if part is not None), "")


def _unwrapped(words: Sequence[str]) -> Command | None:
    """Without what merely runs it; None where nothing is left."""
    index = 0
    assigned: list[tuple[str, str]] = []
    while index < len(words):
        if _ASSIGNMENT.match(words[index]):
            assigned.append(_split(words[index]))
            index += 1
            continue
        taken = _wrapper(words, index)
        if taken == 0:
            break
        index += taken
    rest = tuple(words[index:])
    return Command(rest, tuple(assigned), _program(rest[0])) if rest and rest[0] else None


def _program(word: str) -> str:
    name = word.rpartition("/")[2]
    return "python" if re.fullmatch(r"python[\d.]*", name) else name


def _wrapper(words: Sequence[str], start: int) -> int:
    """How many words a wrapper at this place takes; 0 where there is none, or it runs nothing further."""
    name = words[start].rpartition("/")[2]
    own = _WRAPPERS.get((name,))
    index = start + 1
    if own is None:
        own = _WRAPPERS.get((name, words[index])) if index < len(words) else None
        index += 1
    if own is None:
        return 0
    while index < len(words) and words[index].startswith("-"):
        index += 2 if words[index] in _VALUED else 1
    index += own
    return index - start if index < len(words) else 0


def _split(assignment: str) -> tuple[str, str]:
    name, _, value = assignment.partition("=")
    return name, value


def _expand(text: str, variables: Mapping[str, str]) -> str:
    """With the variables that are known; at most `MAX_SCRIPT` long, so that values can't multiply."""

    def value(match: re.Match[str]) -> str:
        name = next(part for part in match.groups() if part)
        return variables.get(name, match[0])

    if "$" not in text:
        return text
    expanded = _VARIABLE.sub(value, text)
    return expanded if len(expanded) <= MAX_SCRIPT else text

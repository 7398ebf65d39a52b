"""How a server is known, and what is said of it."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache

from msgspec import Struct

from assay.detectors.cluster.software.commands import Command, Line, is_script
from assay.detectors.cluster.software.process import Process
from assay.scanner.api import Unknown

_IMAGE = "what its image starts by itself isn't seen"
_SCRIPT = "a script that the manifest doesn't show starts it"
_OTHERS = frozenset({
    "[", "[[", "alembic", "amtool", "apk", "apt", "apt-get", "awk", "aws", "az", "base64", "basename", "bash", "cat",
    "cd", "chmod", "chown", "cp", "curl", "cypher-shell", "date", "df", "dirname", "done", "du", "echo", "envsubst",
    "esac", "exit", "export", "false", "fi", "find", "gawk", "getent", "git", "grafana-cli", "grep", "gsutil", "gzip",
    "head", "hf", "hostname", "huggingface-cli", "id", "jq", "keytool", "kill", "kubectl", "ln", "ls", "mc", "mkdir",
    "mongosh", "mv", "mysql", "nc", "neo4j-admin", "nslookup", "nvidia-smi", "openssl", "perf_analyzer", "pg_isready",
    "pip", "pip3", "printf", "promtool", "ps", "psql", "rclone", "read", "redis-cli", "rm", "s3cmd", "s5cmd", "sed",
    "set", "sh", "sleep", "sync", "tail", "tar", "test", "timeout", "top", "torch-model-archiver", "touch", "trap",
    "tritonclient", "true", "ulimit", "umask", "uname", "unzip", "uv", "valkey-cli", "wait", "wget", "whoami",
    "xargs", "yes", "yq",
})  # fmt: skip
"""Programs that start no server."""
_TASKS = frozenset({"Job", "CronJob", "Workflow", "CronWorkflow", "WorkflowTemplate", "ClusterWorkflowTemplate"})
"""Owners whose pods end; what a script does in them isn't taken for a server."""


class Look(Struct, frozen=True, kw_only=True):
    """What a server's settings say of it."""

    ports: tuple[int | Unknown, ...]
    authenticated: bool | Unknown
    tls: bool | Unknown = False
    local: bool | Unknown = False
    settings: tuple[str | Unknown, ...] = ()


class Server(Struct, frozen=True, kw_only=True):
    """A server that we know."""

    software: str
    look: Callable[[Process], Look]
    images: tuple[str, ...] = ()
    """Ends of repositories, folder by folder, so that any registry or mirror may stand before them."""
    runs: str = ""
    """What these images run where the container gives only arguments, or nothing."""
    commands: tuple[str, ...] = ()
    """Program and subcommand, `vllm serve`; `-m package.module` stands for that module of any Python. A flag among
    them may stand anywhere. Empty: whatever the images run is the server."""
    generic: bool = False
    """Other programs have such commands, too, so that they tell only in its images, or under its owner."""
    controllers: tuple[str, ...] = ()
    """Kinds of owners whose first container is this server, whatever its image."""
    roles: tuple[str, ...] = ()
    """Only these of the owner's templates; empty: all."""
    variables: tuple[str, ...] = ()
    """Names of variables that give it away."""
    bare: bool = False
    """Its images are taken for it where the container says nothing of what is run, and nothing of that is known."""
    beside: bool = False
    """A platform that runs other servers: what its container holds is stated as well."""


def recognise(server: Server, process: Process, is_first: bool = True) -> Process | None:
    """The process as this server's, or None where it isn't one.

    `is_first`: the container is the first of its pod. A known image whose command is plainly another program, such as a
    migration or `sleep`, isn't the server; one that a script starts may be, with settings that aren't seen.
    """
    owned = is_first and process.controller in server.controllers
    owned = owned and (not server.roles or process.role in server.roles)
    imaged = process.is_image(server.images)
    given = bool(process.container.command)
    line = process.full if given or not imaged else _by_image(server, process)
    command = next((one for one in line.commands if _is_command(server, one)), None)
    if command is not None and (imaged or owned or not server.generic):
        return process.runs(command, line.unread)
    if owned:
        return process.runs(_last(line) if given else None, _unseen(line, given))
    if not imaged:
        named = bool(server.variables) and process.env(*server.variables).given is True
        return process.runs(_last(line), _unseen(line, True)) if named else None
    if not server.commands and not given:
        return process.runs(_last(line), line.unread)
    if server.bare and not given and not process.container.args:
        return process.runs(None, _IMAGE)
    if line.unread or any(_may_start(server, one, process) for one in line.commands):
        return process.runs(_last(line), _unseen(line, True))
    return None


def noted(**settings: bool | Unknown) -> tuple[str | Unknown, ...]:
    """The names of settings that hold, `_` written `-`; one that can't be told is unknown."""
    return tuple(_noted(settings.items()))


def _noted(settings: Iterable[tuple[str, bool | Unknown]]) -> Iterator[str | Unknown]:
    for name, value in sorted(settings):
        if isinstance(value, Unknown):
            yield Unknown(reason=f"{name.replace('_', '-')}: {value.reason}")
        elif value:
            yield name.replace("_", "-")


def _by_image(server: Server, process: Process) -> Line:
    """What runs where the image decides: arguments that name a program themselves replace what the image runs."""
    alone = process.with_arguments(())
    program = alone.commands[0].program if alone.commands else ""
    known = _programs(server.commands) | {"python"}
    words = process.container.args or ()
    if alone.unread or program in known or (words and not words[0].startswith("-") and len(alone.commands) > 1):
        return alone
    if alone.commands and any(_is_command(server, one) for one in alone.commands):
        return alone
    return process.with_arguments(server.runs.split())


def _is_command(server: Server, command: Command) -> bool:
    if command.program != "python" and command.program not in _programs(server.commands):
        return False
    return any(_fits(pattern, command) for pattern in _patterns(server.commands))


@cache
def _programs(commands: tuple[str, ...]) -> frozenset[str]:
    return frozenset(pattern[0] for pattern in _patterns(commands)) - {"-m"}


@cache
def _patterns(commands: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(command.split()) for command in commands)


def _fits(pattern: tuple[str, ...], command: Command) -> bool:
    if pattern[0] not in ("-m", command.program):
        return False
    words = command.words[1:]
    if pattern[0] == "-m":
        start = words.index("-m") + 1 if "-m" in words else len(words)
        return command.program == "python" and words[start : start + len(pattern) - 1] == pattern[1:]
    subcommands = [word for word in pattern[1:] if not word.startswith("-")]
    plain = [word for word in words if not word.startswith("-")]
    return plain[: len(subcommands)] == subcommands and all(
        word in words for word in pattern[1:] if word.startswith("-")
    )


def _may_start(server: Server, command: Command, process: Process) -> bool:
    """Whether a command that isn't the server's own may start it all the same, by a script or launcher."""
    others = _programs(server.commands) | _OTHERS
    if command.program in others or (command.program == "python" and not is_script(command)):
        return False
    return process.controller not in _TASKS


def _last(line: Line) -> Command | None:
    return line.commands[-1] if line.commands else None


def _unseen(line: Line, given: bool) -> str | None:
    if line.unread:
        return line.unread
    return _SCRIPT if given else None

"""Says which Dockerfiles are none: checkov's parser takes any text for one."""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.iac.syntax import Fault

_INSTRUCTION = re.compile(
    "ADD|ARG|CMD|COMMENT|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER"
    "|VOLUME|WORKDIR"
)


def odd_dockerfiles(runner: Any, copy: PrivateCopy) -> dict[str, Fault]:
    """The files that are none."""
    found: dict[str, Fault] = {}
    for name, instructions in runner.definitions.items():
        path = copy.relative(name)
        lines = copy.lines(path) or []
        text = "\n".join(lines)
        if "{{" in text or "{%" in text:
            continue
        if "FROM" not in instructions:
            found[path] = Fault(reason="it is not a valid Dockerfile: it has no FROM")
            continue
        # As checkov reads them: with each `RUN <<EOF` folded into one line.
        read = [line.rstrip("\n") for line in runner.definitions_raw[name]]
        unknown = _unknown_lines(instructions, read)
        if unknown:
            line = min(unknown) + 1 if len(read) >= len(text.splitlines()) else None
            reason = "it is not a valid Dockerfile: unknown instruction" + (f" at line {line}" if line else "")
            found[path] = Fault(reason=reason, line=line)
        elif _is_swallowed(lines):
            found[path] = Fault(reason="a heredoc has no line EOF at its end, and checkov reads nothing after it")
    return found


def _is_swallowed(lines: Sequence[str]) -> bool:
    """Whether checkov waits in vain for the end of a heredoc: `convert_multiline_commands` knows one word for it."""
    inside = False
    for line in lines:
        if line.strip().startswith("RUN <<EOF"):
            inside = True
        elif line.strip() == "EOF":
            inside = False
    return inside


def _unknown_lines(instructions: Mapping[str, Any], lines: Sequence[str]) -> set[int]:
    """The indexes of the lines that begin with no instruction, those included that the parser drops."""
    taken: set[int] = set()
    unknown: set[int] = set()
    for name, places in instructions.items():
        for place in places:
            taken.update(range(place["startline"], place["endline"] + 1))
            if not _INSTRUCTION.fullmatch(name):
                unknown.add(place["startline"])
    unknown |= {index for index, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")} - taken
    return unknown - _in_heredocs(lines) if unknown else unknown


_HEREDOC = re.compile(r"(?<!<)<<[-~]?[\"']?(?P<word>[A-Za-z_]\w*)")


def _in_heredocs(lines: Sequence[str]) -> set[int]:
    """The indexes of the lines that a heredoc holds, its last line included; one that does not end holds none."""
    ends: dict[str, list[int]] = {}
    for index, line in enumerate(lines):
        ends.setdefault(line.strip(), []).append(index)
    inside: set[int] = set()
    last = -1
    for index, line in enumerate(lines):
        if index <= last or line.lstrip().startswith("#"):
            continue
        for heredoc in _HEREDOC.finditer(line):
            after = ends.get(heredoc["word"], [])
            at = bisect_right(after, max(index, last))
            if at < len(after):
                last = after[at]
        inside.update(range(index + 1, last + 1))
    return inside

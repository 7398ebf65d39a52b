"""Says in words why checkov did not take a YAML or JSON file, of which it only says that it did not."""

import json
from typing import Any

import yaml

from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.iac.syntax import Fault

NOT_TAKEN = "checkov's schema of such files does not take it"
NOT_PARSED = "checkov cannot parse it"
_MOST_CHARACTERS = 2_000_000
_KNOW_TAGS = frozenset({"cloudformation", "serverless"})
_COMMENT = ("//", "/*")


def refusal(
    framework: str, copy: PrivateCopy, path: str, otherwise: str, advice: str = "correct the file, then scan again"
) -> Fault:
    """The first thing in the file that checkov's parsers are known to refuse; `otherwise` where there is none."""
    unexplained = Fault(reason=otherwise, advice=advice)
    text = "\n".join(copy.lines(path) or ())
    if not path.endswith((".yaml", ".yml", ".json", ".template")) or len(text) > _MOST_CHARACTERS:
        return unexplained
    if path.endswith(".json") and (fault := _lenient(text)):
        return fault
    try:
        documents = [
            node for node in yaml.compose_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) if node
        ]
    except (yaml.YAMLError, ValueError, RecursionError):
        return unexplained
    for document in documents:
        if found := _oddity(document, knows_tags=framework in _KNOW_TAGS):
            reason, line = found
            return Fault(reason=f"{reason} at line {line}", line=line)
    if len(documents) > 1:
        line = documents[1].start_mark.line + 1
        reason = f"{otherwise}: it holds more than one document, the second at line {line}"
        return Fault(reason=reason, line=line, advice="put each into a file of its own, then scan again")
    return unexplained


def _oddity(document: Any, knows_tags: bool) -> tuple[str, int] | None:
    waiting, seen = [document], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.tag.startswith("!") and not knows_tags:
            return "it has a tag that checkov does not know", node.start_mark.line + 1
        if isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)
        elif isinstance(node, yaml.MappingNode):
            names: set[str] = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    if key.value in names and key.value != "<<":
                        return "a key is there twice", key.start_mark.line + 1
                    names.add(key.value)
                waiting.append(value)
    return None


def _lenient(text: str) -> Fault | None:
    """What is wrong with JSON that other tools may well take."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        line = error.lineno
    except (ValueError, RecursionError):
        return None
    else:
        return None
    if text.split("\n", line)[line - 1].lstrip().startswith(_COMMENT):
        reason = f"checkov cannot parse JSON with comments, such as at line {line}"
        return Fault(reason=reason, line=line, advice="take them out, then scan again")
    return Fault(reason=f"it is not strict JSON at line {line}, and checkov takes no other", line=line)

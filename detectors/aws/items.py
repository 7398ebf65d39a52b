"""From an element of an answer, with what further calls tell of it, to an item under Terraform's names."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import jmespath

from assay.detectors.aws.api import Account
from assay.detectors.aws.collector import Collector
from assay.detectors.aws.reading import Item
from assay.detectors.cloud.arguments import arguments, pick
from assay.detectors.redact import mask_line

_PLACE = re.compile(r"\{([A-Za-z.]+)\}")


@cache
def path(expression: str) -> Any:
    """A compiled JMESPath."""
    return jmespath.compile(expression)


def found(expression: str, tree: Any) -> Any:
    """What a JMESPath finds; the tree itself for an empty one."""
    return path(expression).search(tree) if expression else tree


def filled(template: Any, item: Any, account: Account, region: str) -> Any:
    """A template's places, each from the item or from where it was listed."""
    if isinstance(template, list):
        return [filled(one, item, account, region) for one in template]
    if not isinstance(template, str):
        return template
    here = {"partition": account.partition, "region": region, "account": account.id}

    def text(match: re.Match[str]) -> str:
        return here[match[1]] if match[1] in here else str(pick(item, match[1]) or "")

    return _PLACE.sub(text, template)


def laid_out(collector: Collector, found_: Mapping[str, Any], account: Account, region: str) -> Item | None:
    """The item; None for what is no resource of the account's own."""
    if collector.leave_out and found(collector.leave_out, found_) is True:
        return None
    named = pick(found_, collector.lies_in) if collector.lies_in else region
    arguments_ = arguments(collector.shape, found_)
    if "tags" in arguments_:
        arguments_["tags"] = _masked(arguments_["tags"])
    if collector.lies_in and not isinstance(named, str):
        arguments_["region"] = named
    return Item(
        address=filled(collector.arn, found_, account, region),
        region=named if isinstance(named, str) else region,
        arguments=arguments_,
        names=tuple(name for place in collector.known_as if isinstance(name := pick(found_, place), str)),
    )


def _masked(tags: Any) -> Any:
    """Tags, in which anything may be written, before they are kept anywhere."""
    if isinstance(tags, Mapping):
        return {key: _value(str(key), value) for key, value in tags.items()}
    if isinstance(tags, Sequence) and not isinstance(tags, str):
        pairs = [tag for tag in tags if isinstance(tag, Mapping)]
        return {str(tag.get("Key")): _value(str(tag.get("Key")), tag.get("Value")) for tag in pairs}
    return tags


def _value(key: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    line = mask_line(f"{key} = {value}")
    return line.removeprefix(f"{key} = ") if line.startswith(f"{key} = ") else "[redacted]"

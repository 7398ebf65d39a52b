"""Answers of yes, no or unknown, put together."""

from collections.abc import Iterable

from assay.scanner.api import Unknown

Answer = bool | Unknown


def every(answers: Iterable[Answer]) -> Answer:
    """Whether all are yes: one that is no decides, else the first that is unknown."""
    return _decided(answers, by=False)


def some(answers: Iterable[Answer]) -> Answer:
    """Whether one is yes: such a one decides, else the first that is unknown."""
    return _decided(answers, by=True)


def _decided(answers: Iterable[Answer], by: bool) -> Answer:
    doubt: Unknown | None = None
    for one in answers:
        if isinstance(one, Unknown):
            doubt = doubt or one
        elif one is by:
            return by
    return not by if doubt is None else doubt

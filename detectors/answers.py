"""Answers in three values: True, False, or Unknown with its reason. Never tested for truth, always with `is`."""

from collections.abc import Iterable

from assay.scanner.api import Fact, Known, Unknown

Answer = bool | Unknown


def any_of(answers: Iterable[Answer]) -> Answer:
    """True if one is; False if all are. The first reason tells why it isn't known."""
    doubt: Unknown | None = None
    for answer in answers:
        if answer is True:
            return True
        if isinstance(answer, Unknown):
            doubt = doubt or answer
    return doubt or False


def all_of(answers: Iterable[Answer]) -> Answer:
    """False if one is; True if all are."""
    doubt: Unknown | None = None
    for answer in answers:
        if answer is False:
            return False
        if isinstance(answer, Unknown):
            doubt = doubt or answer
    return doubt or True


def negated(answer: Answer) -> Answer:
    """True for False, and the other way round."""
    return answer if isinstance(answer, Unknown) else not answer


def each_reason(doubts: Iterable[Unknown]) -> list[Unknown]:
    """One for each reason, sorted."""
    found = {one.reason: one for one in doubts}
    return [found[reason] for reason in sorted(found)]


def stated(answer: Answer) -> Fact:
    """An answer as a fact."""
    return answer if isinstance(answer, Unknown) else Known(value=answer)

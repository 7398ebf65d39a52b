"""Administrators' policies: rules in an order, of which the first that fits a connection decides.

Those of the tier `admin` decide before NetworkPolicies, and what they pass on is left to these; those of `baseline`
decide where no NetworkPolicy selects. See https://network-policy-api.sigs.k8s.io/api-overview/
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from assay.detectors.answers import Answer, all_of
from assay.detectors.exposure.declared import ALLOW, DENY, PASS, Allowance, Direction, Policy
from assay.scanner.api import Unknown

Selected = tuple[Policy, Answer]
"""A policy, and whether it selects; none that doesn't."""
Fits = Callable[[Policy, Allowance], Answer]
TIED = Unknown(reason="administrators' policies of the same priority may decide either way")


def in_order(policies: Iterable[Selected]) -> tuple[Selected, ...]:
    """The policy that decides first stands first."""
    return tuple(sorted(policies, key=lambda one: (one[0].priority, one[0].address)))


def decided(policies: Sequence[Selected], direction: Direction, fits: Fits, onward: Callable[[], Answer]) -> Answer:
    """Whether a tier lets a connection through; `onward` says what comes of what the tier passes on."""
    actions, doubt = _possible(policies, direction, fits)
    answers = [onward() if one == PASS else one == ALLOW for one in sorted(actions)]
    if all(one == answers[0] for one in answers):
        return answers[0]
    return doubt or next((one for one in answers if isinstance(one, Unknown)), TIED)


def _possible(policies: Sequence[Selected], direction: Direction, fits: Fits) -> tuple[set[str], Unknown | None]:
    """What the tier may do, and why that is more than one thing."""
    found: set[str] = set()
    doubt: Unknown | None = None
    for _, group in groupby(policies, key=lambda one: one[0].priority):
        walked = [_walk(policy, selects, direction, fits) for policy, selects in group]
        for actions, _, why in walked:
            found |= actions
            doubt = doubt or why
        if any(certain for _, certain, _ in walked):
            return found, doubt
    return {*found, PASS}, doubt


def _walk(policy: Policy, selects: Answer, direction: Direction, fits: Fits) -> tuple[set[str], bool, Unknown | None]:
    """What one policy may do, whether it does one of these for sure, and why that isn't known."""
    found: set[str] = set()
    doubt: Unknown | None = None
    for rule in policy.rules(direction):
        if isinstance(rule, Unknown):
            return {ALLOW, DENY, PASS}, False, rule
        answer = all_of((selects, fits(policy, rule)))
        if answer is False:
            continue
        found.add(rule.action)
        if answer is True:
            return found, True, doubt
        doubt = doubt or (answer if isinstance(answer, Unknown) else None)
    return found, False, doubt


Step = tuple[str, Answer, bool]
"""Of a rule: its action, whether it is for a set of endpoints, and whether for all of them."""


def steps(
    policies: Sequence[Selected], direction: Direction, meets: Callable[[Allowance], tuple[Answer, bool]]
) -> Iterator[Step | Unknown]:
    """The rules of a tier in their order, as far as they may be for a set of endpoints."""
    for _, group in groupby(policies, key=lambda one: one[0].priority):
        together = list(group)
        for policy, selects in together:
            for rule in policy.rules(direction):
                if isinstance(rule, Unknown):
                    yield rule
                    continue
                some, whole = meets(rule)
                # Which of several comes first isn't defined.
                fits = all_of((selects, some, TIED if len(together) > 1 else True))
                if fits is not False:
                    yield rule.action, fits, whole


def some_pass(found: Iterable[Step | Unknown], onward: Answer) -> Answer:
    """Whether a tier lets in one or another of a set of endpoints; `onward`: whether what comes after it does.

    Who makes a pod chooses its labels, so that a rule for some of a namespace's pods may be met and may be avoided.
    """
    doubt: Unknown | None = None
    """Why something before may have kept all of them out."""
    maybe: Unknown | None = None
    for step in found:
        if isinstance(step, Unknown):
            doubt, maybe = doubt or step, maybe or step
            continue
        action, fits, whole = step
        lets = action == ALLOW if action != PASS else onward
        if isinstance(fits, Unknown):
            maybe = maybe or (fits if lets is not False else None)
            doubt = doubt or (fits if lets is not True else None)
            continue
        if lets is True:
            return doubt or True
        if isinstance(lets, Unknown):
            maybe = maybe or lets
        if whole:
            return maybe or False
    last = onward if onward is not True else doubt or True
    return last if last is True else maybe or last

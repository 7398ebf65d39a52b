"""Asks for the rights of our tables as single requests, with `Access.can` alone."""

from collections.abc import Iterable

from assay.detectors.rbac.access import Subject, What
from assay.detectors.rbac.compile import Access
from assay.detectors.rbac.dangers import Right
from assay.detectors.rbac.techniques import Need

ML = "ml"
TRAIN = Subject(type="ServiceAccount", name="train", namespace=ML)


def may(
    found: Access, one: Right | Need, place: str | None, names: Iterable[str], verbs: Iterable[str] | None = None
) -> bool:
    """Whether TRAIN is allowed any request there that the right is about, to one of these objects or to none."""
    for group, thing in one.things:
        resource, _, last = thing.partition("/")
        for subresource in _subresources(last):
            for verb in verbs or one.verbs:
                for name in names if _named(verb, subresource) else ("",):
                    what = What(group=group, resource=resource, subresource=subresource, name=name)
                    if found.can(TRAIN, verb, what, _asked_in(one, place, name)):
                        return True
    return False


def _subresources(subresource: str) -> tuple[str, ...]:
    return ("scopes", "exec", "approval", "*", "fresh") if subresource == "*" else (subresource,)


def _named(verb: str, subresource: str) -> bool:
    """Whether a request names an object."""
    return verb not in ("deletecollection", "*") and (verb != "create" or bool(subresource))


def _asked_in(one: Right | Need, place: str | None, name: str) -> str | None:
    """The namespace of the request: of a single Namespace its own name."""
    of_itself = one.own_namespace if isinstance(one, Right) else one.namespaces
    return None if one.cluster else (name or None) if of_itself else place

"""Access reviews: what the asking user, or another, may do."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tests.kube_server import protobuf, slow_rbac, status
from tests.kube_server.identity import Identity
from tests.kube_server.request import Request

Review = Mapping[str, Any]
May = Callable[[Identity, Request], bool]
"""Would this request be allowed? Nothing of the request counts but what RBAC looks at."""


class _Body(msgspec.Struct):
    spec: dict[str, Any] = {}
    metadata: dict[str, Any] = {}


def answer(request: Request, caller: Identity, may: May, objects: list[slow_rbac.Object]) -> status.Answer:
    """Answers a POST of a review; nothing is stored."""
    media = request.content_type.split(";")[0].strip()
    if media not in ("", "application/json", protobuf.MEDIA):
        return status.unsupported_media_type(media)
    try:
        spec = _spec(request.body, media)
    except ValueError as error:
        return status.bad_request(f"the review is not understood: {error}")
    kind, group = _KINDS[request.resource]
    document = {"kind": kind, "apiVersion": f"{group}/v1", "metadata": {}}
    if kind == "SelfSubjectReview":
        user = {"username": caller.user, "groups": list(caller.groups)}
        return status.json({**document, "status": {"userInfo": user}}, 201)
    if kind == "SelfSubjectRulesReview":
        found: Any = _rules(spec, caller, objects)
    else:
        asked = caller
        if kind == "SubjectAccessReview":
            # Exactly these groups: whoever asks says which, and none is added.
            asked = Identity(str(spec.get("user") or ""), tuple(spec.get("groups") or ()))
        found = {"allowed": may(asked, _asked(spec))}
    return status.json({**document, "spec": spec, "status": found}, 201)


_KINDS = {
    "selfsubjectaccessreviews": ("SelfSubjectAccessReview", "authorization.k8s.io"),
    "selfsubjectreviews": ("SelfSubjectReview", "authentication.k8s.io"),
    "selfsubjectrulesreviews": ("SelfSubjectRulesReview", "authorization.k8s.io"),
    "subjectaccessreviews": ("SubjectAccessReview", "authorization.k8s.io"),
}


def _spec(body: bytes, media: str) -> Review:
    """Raises ValueError where it isn't one."""
    return protobuf.spec(body) if media == protobuf.MEDIA else msgspec.json.decode(body, type=_Body).spec


def _asked(spec: Review) -> Request:
    """The request that a review is about."""
    if urls := spec.get("nonResourceAttributes"):
        return Request("", urls.get("path") or "", {}, verb=urls.get("verb") or "")
    asked = spec.get("resourceAttributes") or {}
    return Request(
        "",
        "",
        {},
        verb=asked.get("verb") or "",
        group=asked.get("group") or "",
        version=asked.get("version") or "",
        resource=asked.get("resource") or "",
        subresource=asked.get("subresource") or "",
        name=asked.get("name") or "",
        namespace=asked.get("namespace") or "",
    )


def _rules(spec: Review, caller: Identity, objects: list[slow_rbac.Object]) -> Review:
    """The rules that the caller holds in a namespace. Members of `system:masters` hold all of them by a binding."""
    held = list(slow_rbac.rules_for(objects, caller.user, caller.groups, str(spec.get("namespace") or "")))
    return {
        "resourceRules": [
            {key: list(rule.get(key) or ()) for key in ("verbs", "apiGroups", "resources", "resourceNames")}
            for rule in held
            if rule.get("resources")
        ],
        "nonResourceRules": [
            {key: list(rule.get(key) or ()) for key in ("verbs", "nonResourceURLs")}
            for rule in held
            if rule.get("nonResourceURLs")
        ],
        "incomplete": False,
    }

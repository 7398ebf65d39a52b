"""Security contexts: as declared, and what a container ends up with."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from assay.detectors.cluster.pods.objects import SecurityContext, Type
from assay.detectors.cluster.stating import placeholder, unresolved
from assay.scanner.api import Unknown

_PROFILES = ("RuntimeDefault", "Localhost", "Unconfined")
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_APPARMOR_TYPES = {"runtime/default": "RuntimeDefault", "unconfined": "Unconfined"}
_CAPABILITY = re.compile(r"[A-Z_]{2,40}")
_SELINUX = re.compile(r"[A-Za-z0-9_.\-]{1,100}")
_NOTHING = SecurityContext()


def declared(context: SecurityContext | None, apparmor: str | Unknown | None = None) -> dict[str, Any]:
    """A `kinds.workload.Context`. `apparmor` is what an annotation says of a container."""
    context = context or _NOTHING
    selinux = context.se_linux_options
    return {
        "run_as_user": context.run_as_user,
        "run_as_non_root": context.run_as_non_root,
        "seccomp": _type(context.seccomp_profile),
        "apparmor": _weaker(_type(context.app_armor_profile), apparmor),
        "selinux_type": _selinux(selinux.type if selinux is not None else None),
        "selinux_user_or_role": selinux is not None and bool(selinux.user or selinux.role),
        "host_process": context.windows_options is not None and context.windows_options.host_process is True,
    }


def apparmor_annotation(
    annotations: Mapping[str, str], container: str | None, pod: SecurityContext | None
) -> str | Unknown | None:
    """The profile that the older annotation gives a container.

    Newer API servers write the annotation for each container that inherits the pod's field: it says nothing new then.
    One that differs goes before the pod's field.
    """
    value = annotations.get(f"{_APPARMOR}{container or ''}")
    if not value:
        return None
    if value.startswith("localhost/"):
        profile: str | Unknown = "Localhost"
    else:
        profile = _APPARMOR_TYPES.get(value) or one_of(value, (), "the AppArmor annotation")
    return None if pod is not None and profile == _type(pod.app_armor_profile) else profile


def effective(container: SecurityContext | None, pod: SecurityContext | None) -> dict[str, Any]:
    """Facts of a container whose own context goes before the pod's, field by field.

    See: https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
    """
    own, inherited = container or _NOTHING, pod or _NOTHING
    user = own.run_as_user if own.run_as_user is not None else inherited.run_as_user
    non_root = own.run_as_non_root if own.run_as_non_root is not None else inherited.run_as_non_root
    capabilities = own.capabilities
    return {
        "runs_as_root": user == 0 if user is not None else non_root is not True,
        "run_as_user": user,
        "seccomp": _type(own.seccomp_profile) or _type(inherited.seccomp_profile),
        "privileged": own.privileged is True,
        # The kernel's default; a privileged container always may.
        "privilege_escalation": own.allow_privilege_escalation is not False,
        "read_only_root": own.read_only_root_filesystem is True,
        "capabilities_added": _capabilities(capabilities.add if capabilities is not None else None),
        "capabilities_dropped": _capabilities(capabilities.drop if capabilities is not None else None),
        "proc_mount": one_of(own.proc_mount or "Default", ("Default", "Unmasked"), "procMount"),
    }


def one_of(value: str, allowed: Sequence[str], field: str) -> str | Unknown:
    """A field that the API server takes a few values for; what else stands there isn't shown."""
    if value in allowed:
        return value
    return placeholder(value) if unresolved(value) else Unknown(reason=f"unreadable: {field} has no value that it may")


def _type(profile: Type | None) -> str | Unknown | None:
    return None if profile is None else one_of(profile.type or "", _PROFILES, "the profile's type")


def _weaker(field: str | Unknown | None, annotation: str | Unknown | None) -> str | Unknown | None:
    """Which of the two counts depends on the version of the API server and of the node."""
    if "Unconfined" in (field, annotation):
        return "Unconfined"
    return annotation if field is None or isinstance(annotation, Unknown) else field


def _selinux(value: str | None) -> str | Unknown | None:
    if not value:
        return None
    return value if _SELINUX.fullmatch(value) else one_of(value, (), "the SELinux type")


def _capabilities(names: tuple[str, ...] | None) -> list[str | Unknown]:
    if not names:
        return []
    found = {name.upper().removeprefix("CAP_"): name for name in names}
    known: list[str | Unknown] = [*sorted(name for name in found if _CAPABILITY.fullmatch(name))]
    odd = {one_of(raw, (), "a capability") for name, raw in found.items() if not _CAPABILITY.fullmatch(name)}
    return [*known, *sorted((one for one in odd if isinstance(one, Unknown)), key=lambda one: one.reason)]

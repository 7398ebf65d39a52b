"""Whether pods have a token of their service account."""

from assay.detectors.worlds import World, unknown_of, value
from assay.scanner.api import Fact, Known, Resource, Unknown, is_unknown, reason_of

_DEFAULT = "default"


class Tokens:
    """What the service accounts of a source say of mounting their tokens."""

    def __init__(self, world: World) -> None:
        self._unread = world.unread("rbac.service-account")
        self._live = world.live
        self._accounts: dict[str, list[Resource]] = {}
        for account in world.of("rbac.service-account"):
            self._accounts.setdefault(account.address, []).append(account)

    def mounted(self, pods: Resource) -> Fact:
        """The fact `token_mounted` of a `workload.pods`."""
        volumes = self._in_volumes(pods)
        if volumes == Known(value=True):
            return volumes
        declared = unknown_of(pods, "token_declared") or value(pods, "token_declared", None)
        if declared is None:
            declared = self._of_account(pods)
        if declared is True:
            return Known(value=True)
        return declared if isinstance(declared, Unknown) else volumes

    def _in_volumes(self, pods: Resource) -> Fact:
        missing = unknown_of(pods, "volumes")
        if missing is not None:
            return missing
        unread: str | None = None
        for volume in value(pods, "volumes", ()):
            token = volume if is_unknown(volume) else volume["token"]
            if token is True:
                return Known(value=True)
            if is_unknown(token):
                unread = reason_of(token)
        return Unknown(reason=unread) if unread is not None else Known(value=False)

    def _of_account(self, pods: Resource) -> bool | Unknown:
        missing = unknown_of(pods, "namespace") or unknown_of(pods, "service_account")
        if missing is not None:
            return missing
        name = value(pods, "service_account", "")
        address = f"ServiceAccount.{value(pods, 'namespace', '')}.{name}"
        if address not in self._accounts:
            return self._of_absent(address, name)
        # Declared more than once, any of them may be the one that counts.
        said = [
            unknown_of(one, "token_declared") or value(one, "token_declared", None) for one in self._accounts[address]
        ]
        if any(one is True or one is None for one in said):
            return True
        return next((one for one in said if isinstance(one, Unknown)), False)

    def _of_absent(self, address: str, name: str) -> bool | Unknown:
        if self._unread:
            return Unknown(reason=self._unread)
        # Kubernetes makes the account `default` in each namespace, and pods of an account that isn't there don't start.
        if self._live or name == _DEFAULT:
            return True
        return Unknown(reason=f"{address} isn't declared here")

"""What can stand in the way of an answer, in words that quote nothing of the server's but its code."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from assay.detectors.aws.collector import Call
from assay.detectors.aws.permissions import permission

DENIED = frozenset(
    {
        "AccessDenied", "AccessDeniedException", "AccessDeniedFault", "AuthorizationError", "ForbiddenException",
        "AuthorizationErrorException", "NotAuthorized", "NotAuthorizedException", "UnauthorizedException",
        "UnauthorizedOperation", "403",
    }
)  # fmt: skip
_NO_LONGER = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
_NO_GOOD = frozenset(
    {
        "AuthFailure", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException",
        "SignatureDoesNotMatch", "UnrecognizedClientException",
    }
)  # fmt: skip
_THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded", "EC2ThrottledException", "LimitExceededException", "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled", "Throttling",
        "RequestThrottledException", "SlowDown", "ThrottledException", "ThrottlingException",
        "TooManyRequestsException", "TransactionInProgressException",
    }
)  # fmt: skip
_NOT_OFFERED = frozenset({"OptInRequired", "SubscriptionRequiredException"})
NO_CONNECTION = "no connection to its endpoint"
"""As it is where a service isn't offered in a region."""
_CODE = re.compile(r"[A-Za-z0-9_.]{1,80}")


class Refused(Exception):
    """A call that gave no answer; the text says why, in one line."""

    def __init__(
        self,
        call: Call,
        reason: str,
        code: str = "",
        advice: str = "",
        lasting: bool = False,
        ends: bool = False,
        message: str = "",
    ) -> None:
        super().__init__(reason)
        self.call = call
        self.code = code
        """AWS's code of the error, where there was an answer."""
        self.advice = advice
        """What to do next."""
        self.lasting = lasting
        """Whether asking again soon would bring the same."""
        self.ends = ends
        """Whether nothing else of the account can be read either."""
        self._message = message

    def is_one_of(self, known: Iterable[str]) -> bool:
        """Whether it is one of some errors, each by its code, or as `Code: words of its message`."""
        for one in known:
            code, _, words = one.partition(": ")
            if self.code and self.code == code and words in self._message:
                return True
        return False


@contextmanager
def told(call: Call) -> Iterator[None]:
    """Turns what botocore raises into Refused."""
    from botocore import exceptions

    try:
        yield
    except exceptions.ClientError as error:
        refused = _of_answer(call, error.response)
        # The credentials of a role are got anew while calls are made; then it is this that was refused.
        refused.ends |= error.operation_name == "AssumeRole"
        raise refused from None
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
        said = "no credentials were found" if isinstance(error, exceptions.NoCredentialsError) else "incomplete ones"
        raise Refused(call, said, advice="log in, or name a profile, as aws:PROFILE", ends=True) from None
    except (
        exceptions.CredentialRetrievalError,
        exceptions.MetadataRetrievalError,
        exceptions.SSOTokenLoadError,
        exceptions.TokenRetrievalError,
        exceptions.UnauthorizedSSOTokenError,
    ):
        raise Refused(
            call, "its credentials could not be got", advice="log in again, and scan again", ends=True
        ) from None
    except exceptions.EndpointConnectionError:
        raise Refused(call, NO_CONNECTION, advice=_WAY) from None
    except exceptions.ConnectTimeoutError:
        raise Refused(call, "no connection in time", advice=_WAY) from None
    except exceptions.ReadTimeoutError:
        raise Refused(call, "no answer in time", advice="scan again; what was read is kept") from None
    except exceptions.SSLError:
        raise Refused(
            call, "the connection could not be made safe", advice="check AWS_CA_BUNDLE and the proxy"
        ) from None
    except exceptions.ProxyConnectionError:
        raise Refused(call, "the proxy could not be reached", advice="check HTTPS_PROXY") from None
    except exceptions.HTTPClientError:
        raise Refused(call, "the connection broke off", advice="scan again; what was read is kept") from None
    except exceptions.ParamValidationError:
        raise Refused(
            call, "this version of botocore does not take the call", advice="report it", lasting=True
        ) from None
    except Refused:
        raise
    except Exception as error:  # noqa: BLE001  # an answer may be anything, and parsers raise whatever comes of that
        raise Refused(call, f"the answer could not be read ({type(error).__name__})", lasting=True) from None


_WAY = "check the way to it, and whether the region is on"


def _of_answer(call: Call, answer: Any) -> Refused:
    found = answer.get("Error", {}).get("Code", "")
    code = found if isinstance(found, str) and _CODE.fullmatch(found) else ""
    message = str(answer.get("Error", {}).get("Message", ""))
    plain = code.removeprefix("Client.").removeprefix("Server.")
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if plain in DENIED or (status == _FORBIDDEN and plain not in _NO_LONGER | _NO_GOOD):
        advice = f"allow {permission(call)} (`assay aws policy`)"
        return Refused(call, f"denied ({code or status})", code, advice, lasting=True, message=message)
    if plain in _NO_LONGER:
        advice = "log in again, and scan again: what was read is kept"
        return Refused(call, f"the credentials have expired ({code})", code, advice, ends=True)
    if plain in _NO_GOOD:
        return Refused(call, f"the credentials are not valid ({code})", code, "log in again", lasting=True)
    if plain in _THROTTLED:
        return Refused(call, f"throttled to the end ({code})", code, "scan again later; what was read is kept")
    if plain in _NOT_OFFERED:
        return Refused(call, f"the account is not signed up for it ({code})", code, "leave it out by --services", True)
    advice = "scan again; what was read is kept" if status >= _SERVER_ERROR else "report it, if it lasts"
    return Refused(
        call, f"refused ({code or status or 'no reason'})", code, advice, status < _SERVER_ERROR, message=message
    )


_FORBIDDEN, _SERVER_ERROR = 403, 500

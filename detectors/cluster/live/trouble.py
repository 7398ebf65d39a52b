"""What can stand in the way of an answer, in words that quote nothing of the server's: it names callers and objects."""

import ssl
from http import HTTPStatus

from assay.detectors.cluster.live.limits import Limits
from assay.scanner.safe.text import one_line

_WAY = "check its address, and the way to it"
_CLIENT = "check client-certificate and client-key in the kubeconfig"
_AUTHORITY = "check certificate-authority in the kubeconfig, which must be the one that signed it"
_UNREADABLE = frozenset({"NO_CERTIFICATE_OR_CRL_FOUND", "NO_START_LINE", "BAD_BASE64_DECODE", "NOT_ENOUGH_DATA"})


class Unanswered(Exception):
    """A question has no answer; the text says in one line why."""

    def __init__(self, text: str, advice: str = _WAY) -> None:
        super().__init__(text)
        self.advice = advice
        """What to do about it where it is the first question of all."""


class TooLarge(Unanswered):
    """The answer is larger than an answer may be."""


def status_line(status: int) -> str:
    """`403 Forbidden`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def connection_trouble(error: Exception, limits: Limits) -> Unanswered:
    """What went wrong on the way to the server."""
    from urllib3 import exceptions

    match error:
        case exceptions.SSLError():
            why, advice = _why_not_safe(error)
            return Unanswered(f"the connection could not be made safe: {why}", advice)
        case exceptions.ProxyError():
            said = "the proxy could not be reached, or refused"
        case exceptions.NameResolutionError():
            said = "the server's name is not known here"
        # Before the time-outs: urllib3 counts one that is refused at once among them.
        case exceptions.NewConnectionError():
            said = "no connection: the server refused it, or can't be reached from here"
        case exceptions.ConnectTimeoutError():
            said = f"no connection within {limits.connect_seconds:.0f} s"
        case exceptions.ReadTimeoutError():
            said = f"no answer within {limits.silent_seconds:.0f} s"
        case exceptions.LocationValueError() | UnicodeError():
            said = "the server's address is not valid"
        case _:
            said = "the connection broke off"
    return Unanswered(said)


def _why_not_safe(error: Exception) -> tuple[str, str]:
    """What is wrong with a certificate, and what to do: the address is right where a server speaks TLS."""
    inner = error.args[0] if error.args else None
    if isinstance(inner, ssl.SSLCertVerificationError):
        return _why_not_trusted(inner)
    reason = inner.reason or "" if isinstance(inner, ssl.SSLError) else ""
    if reason == "KEY_VALUES_MISMATCH":
        return "the client's key is not that of its certificate", _CLIENT
    if reason in _UNREADABLE or "PEM lib" in str(inner):
        return "a certificate or key can't be read", "check those that the kubeconfig names"
    said = one_line(reason.lower().replace("_", " "), 120)
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        return f"the server refused the client's certificate ({said})", _CLIENT
    if isinstance(inner, ssl.SSLEOFError):
        return "the server broke off, as it may where it refuses the client's certificate", _CLIENT
    return said or "its certificates can't be used", "check the server's address, and whether it speaks TLS there"


def _why_not_trusted(error: ssl.SSLCertVerificationError) -> tuple[str, str]:
    said = one_line(error.verify_message, 120)
    # X509_V_ERR_…: https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/
    match error.verify_code:
        case 10:
            return "the server's certificate, or that of its authority, has expired", "renew it on the server"
        case 9:
            return "the server's certificate is not valid yet", "check the clocks of both sides"
        case 62 | 64:
            named = "name the server as its certificate does, or set tls-server-name in the kubeconfig"
            return f"the server's certificate is not trusted ({said})", named
        case _:
            return f"the server's certificate is not trusted ({said})", _AUTHORITY

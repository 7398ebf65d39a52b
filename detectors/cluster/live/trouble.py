"""What can stand in the way of an answer, in words that quote nothing of the server's: it names callers and objects."""

import ssl
from http import HTTPStatus

from assay.detectors.cluster.live.limits import Limits
from assay.scanner.safe.text import one_line


class Unanswered(Exception):
    """A question has no answer; the text says in one line why."""


class TooLarge(Unanswered):
    """The answer is larger than an answer may be."""


def status_line(status: int) -> str:
    """`403 Forbidden`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def connection_trouble(error: Exception, limits: Limits) -> str:
    """What went wrong on the way to the server."""
    from urllib3 import exceptions

    match error:
        case exceptions.SSLError():
            return f"the connection could not be made safe: {_why_not_safe(error)}"
        case exceptions.ProxyError():
            return "the proxy could not be reached, or refused"
        case exceptions.NameResolutionError():
            return "the server's name is not known here"
        case exceptions.ConnectTimeoutError():
            return f"no connection within {limits.connect_seconds:.0f} s"
        case exceptions.NewConnectionError():
            return "no connection: the server refused it, or can't be reached from here"
        case exceptions.ReadTimeoutError():
            return f"no answer within {limits.silent_seconds:.0f} s"
        case exceptions.LocationValueError() | UnicodeError():
            return "the server's address is not valid"
        case _:
            return "the connection broke off"


def _why_not_safe(error: Exception) -> str:
    inner = error.args[0] if error.args else None
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"the server's certificate is not trusted ({one_line(inner.verify_message, 120)})"
    if isinstance(inner, ssl.SSLError) and inner.reason:
        return one_line(inner.reason.lower().replace("_", " "), 120)
    return "its certificates can't be used"

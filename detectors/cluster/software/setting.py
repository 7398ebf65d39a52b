"""One setting of a server: given or not, readable or not."""

from collections.abc import Iterable

from msgspec import Struct

from assay.detectors.answers import any_of
from assay.scanner.api import Unknown

_ON = frozenset({"1", "true", "t", "yes", "y", "on", "enabled"})
_OFF = frozenset({"", "0", "false", "f", "no", "n", "off", "none", "disabled"})


class Setting(Struct, frozen=True):
    """A flag, a variable, or what stands for them. Its text stays inside this package, as it may be a secret."""

    given: bool | None
    """None: that can't be told."""
    text: str | None = None
    """None where it is given, but its value stands somewhere else."""
    reason: str = ""
    """Why something of it isn't known."""

    def present(self) -> bool | Unknown:
        """Whether it has a value; one that is filled in from elsewhere counts, an empty one doesn't."""
        if self.given is None:
            return Unknown(reason=self.reason)
        return self.given and self.text != ""

    def on(self) -> bool | Unknown:
        """Whether a switch that is given is on; a text that is neither is unknown."""
        if self.given is None or self.text is None:
            return Unknown(reason=self.reason)
        text = self.text.strip().lower()
        if text in _ON or text in _OFF:
            return text in _ON
        return Unknown(reason="a switch has a value that is neither on nor off")


ABSENT = Setting(given=False)


def first(settings: Iterable[Setting]) -> Setting:
    """The one that counts, given the settings by precedence; one that may be given hides all after it."""
    return next((setting for setting in settings if setting.given is not False), ABSENT)


def any_present(settings: Iterable[Setting]) -> bool | Unknown:
    """Whether at least one has a value."""
    return any_of(setting.present() for setting in settings)


def switch(*settings: Setting, default: bool | Unknown) -> bool | Unknown:
    """Whether it is on, by the first setting that is given."""
    found = first(settings)
    return default if found.given is False else found.on()


def text_of(*settings: Setting, default: str) -> str | Unknown:
    """Its text, by the first setting that is given and not empty."""
    found = first(setting for setting in settings if setting.text != "")
    if found.given is False:
        return default
    return Unknown(reason=found.reason) if found.text is None else found.text

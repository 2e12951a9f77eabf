"""The one tree of errors: each names the thing, the value and the remedy."""

LONGEST = 2_000
"""Letters of a message; what a damaged file put into its middle is left out."""


def printable(text: str) -> str:
    """Return a text of at most `LONGEST` letters, control signs written out: names in files may hold any."""
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 520]} ... {text[-500:]}"
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(sign: str) -> str:
    return sign if sign.isprintable() or sign == "\n" else sign.encode("unicode_escape").decode()


class SalusError(Exception):
    """Anything a user can mend; the command line prints its message and exits with `exit_code`."""

    exit_code = 1

    def __str__(self) -> str:
        """Return the message, cut in its middle where it is long, without signs that would steer a terminal."""
        return printable(super().__str__())


class UsageError(SalusError):
    """A name, option or combination that does not exist."""

    exit_code = 2


class DataError(SalusError):
    """A file, table or label that cannot be used as it is."""

    exit_code = 3


class ShapeError(DataError):
    """Data with the wrong number of axes, channels, leads or columns."""


class UnitError(DataError):
    """A value that is impossible in the unit it claims."""


class LeakError(SalusError):
    """A split that would let the answer reach the training part."""

    exit_code = 4


class ConfigError(SalusError):
    """A setting that does not exist or has an impossible value."""

    exit_code = 2


class TrainingError(SalusError):
    """A training that cannot go on, such as a loss that is not finite."""

    exit_code = 5


class StoreError(SalusError):
    """An artifact or checkpoint that is incomplete, altered or cannot be written."""

    exit_code = 6


class MissingDependencyError(SalusError):
    """An optional library or program that this feature needs."""

    exit_code = 7


class SealError(SalusError):
    """A sealed message that is altered, foreign, repeated or meant for someone else, or a key that may not be used."""

    exit_code = 8


class ReleaseError(SalusError):
    """A generator, or samples it made, that must not be given away as they are."""

    exit_code = 10

"""The one tree of errors: each names the thing, the value and the remedy."""


class SalusError(Exception):
    """Anything a user can mend; the command line prints its message and exits with `exit_code`."""

    exit_code = 1


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

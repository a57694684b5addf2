"""What may go wrong between us and the database, split by fault."""

from __future__ import annotations

from callrouter.core.errors import AwayError, CallrouterError


class DatabaseAwayError(AwayError):
    """Theirs: the server cannot be reached, is starting, is full or is locked. Trying again helps."""


class DatabaseRefusedError(CallrouterError):
    """Ours: a wrong address, password or statement. Trying again does not help."""


class RowRefusedError(DatabaseRefusedError):
    """Ours: a value or a row that the tables do not take; other rows are taken."""


class SchemaRefusedError(DatabaseRefusedError):
    """The database has another schema than this program."""


class UnknownCallError(CallrouterError):
    """No call, or more than one, has this id."""

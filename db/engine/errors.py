"""Errors that an open database raises, and those of opening one."""


class CannotWrite(Exception):
    """The file is locked by another process, was removed, or its disk is full. Nothing was written."""


class DatabaseUnavailable(Exception):
    """The server does not answer, or the connection broke. A write that was under way may have been committed."""


class WriteConflict(Exception):
    """A concurrent transaction changed what this one has read. Nothing was written; the operation can be run again."""


class StatementTooDeep(Exception):
    """A compiled read nests deeper than this database's parser allows."""


class AnswerTooLarge(Exception):
    """A compiled read answers more than is allowed; the argument is the limit in bytes."""


class UnusableDatabase(Exception):
    """The database of the URL cannot be used; the message says why, in one sentence."""


class TlsError(UnusableDatabase):
    """A connection to the server cannot be secured as the settings demand."""

"""Errors say whose fault it is, what happened and what to do next; foreign exceptions become one of these."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit status means (documented in docs/reference/exit-codes.md)."""

    DONE = 0
    NO = 1  # the answer is no: findings, verify failed, drift, action needed
    USAGE = 2
    CONFIG = 3  # config or policy invalid
    NOT_FOUND = 4
    REFUSED = 5  # needs consent or rights
    ENVIRONMENT = 6  # disk, lock, permission
    PARTIAL = 7
    EXTRA_MISSING = 8
    BUG = 70
    NOT_EXECUTABLE = 126
    COMMAND_NOT_FOUND = 127
    INTERRUPTED = 130


class McpgwError(Exception):
    """A failure that a person can act on.

    message: whose fault and what, one line, no secret in it.  next_step: what to do, one line.
    """

    exit_code = ExitCode.BUG

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


class UsageFault(McpgwError):
    """The command line does not make sense."""

    exit_code = ExitCode.USAGE


class ConfigFault(McpgwError):
    """A config, policy or client file is not valid; nothing was written."""

    exit_code = ExitCode.CONFIG


class NotFound(McpgwError):
    """A server, entry, record or file that was named does not exist."""

    exit_code = ExitCode.NOT_FOUND


class Refused(McpgwError):
    """It needs a person's consent, or rights that this process does not have."""

    exit_code = ExitCode.REFUSED


class EnvironmentFault(McpgwError):
    """The disk, a lock, a permission or the platform stands in the way."""

    exit_code = ExitCode.ENVIRONMENT


class Partial(McpgwError):
    """Some of it was done; the message says what was not."""

    exit_code = ExitCode.PARTIAL

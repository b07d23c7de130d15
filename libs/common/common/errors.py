"""Two names carry the whole retry policy."""


class InvalidMessage(Exception):  # noqa: N818  a value of the domain, not a fault of the program
    """This will never work: park it with the reason, or refuse it at the border. `code` is a word for machines."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class TemporaryFailure(Exception):  # noqa: N818
    """This may work later: try again, bounded. Everything that is nobody's fault in particular counts as this."""

"""What goes wrong with the local stack: each error's text is a sentence for whoever typed the command."""


class LocalStackError(RuntimeError):
    """A server, a jar or a service is not as it must be."""

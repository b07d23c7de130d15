"""What dunning is told by its environment."""

from pydantic import HttpUrl

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """`PUBLIC_URL` is where debtors reach this service from outside: it is printed on notices. `OPERATOR_KEY_SHA256`
    (hex) opens the release of holds; without it nobody can release one.
    """

    public_url: HttpUrl
    operator_key_sha256: str = ""

    @property
    def dispute_url(self) -> str:
        """The page for disputes, as notices print it."""
        return f"{str(self.public_url).rstrip('/')}/disputes"

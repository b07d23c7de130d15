"""What legal is told by its environment: nothing of its own yet."""

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """As every service's."""

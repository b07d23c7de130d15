"""What every service is told by its environment. A service adds its own names in a subclass."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Read from the environment (upper-case names). Raises pydantic's ValidationError naming what is missing."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: str
    kafka_bootstrap_servers: Annotated[str, NoDecode] = "127.0.0.1:9092"  # comma-separated
    topic_prefix: str = ""  # before every topic and group; set by tests and the demo alone
    instance: str  # service and ordinal, stable over restarts: `dunning-0`
    http_host: str = "127.0.0.1"
    http_port: int = Field(ge=1, le=65535)
    agency_file: Path = Path("agency.toml")
    otel_exporter_otlp_endpoint: str = ""  # a collector's base URL; empty: no traces, and no cost

    @property
    def bootstrap(self) -> list[str]:
        """The brokers as a list: FastStream does not split a string."""
        return self.kafka_bootstrap_servers.split(",")

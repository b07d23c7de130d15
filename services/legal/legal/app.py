"""Composition root: `python -m legal.app`."""

from common.service import Service
from contracts.registry import CATALOGUE, topics_of
from legal.consumers import consumers
from legal.procedures.partner_list import load_partners
from legal.settings import Settings


def build() -> Service:
    """Legal as its environment wants it."""
    partners = load_partners()
    return Service(
        "legal",
        settings=Settings(),  # pyright: ignore[reportCallIssue]  from the environment
        catalogue=CATALOGUE,
        topics=topics_of("legal", tuple(partner.name for partner in partners)),
        consumers=consumers(partners),
    )


if __name__ == "__main__":
    build().run()

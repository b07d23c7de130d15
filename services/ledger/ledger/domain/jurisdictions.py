"""What differs between the two countries in the books: the trust entity, and the law that `statutes` is asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from statutes import be, nl

Country = Literal["NL", "BE"]


@dataclass(frozen=True, kw_only=True)
class Jurisdiction:
    """One country. The trust entity has its own bank account and its own books."""

    entity_id: int
    law: Literal["nl", "be"]
    compounding: Literal["yearly", "none"]  # interest on interest, per year (6:119(2) BW); in Belgium none
    open_claim: Callable[..., Any]
    allocation_across_claims: Callable[..., Any]


JURISDICTIONS: dict[Country, Jurisdiction] = {
    "NL": Jurisdiction(
        entity_id=1,
        law="nl",
        compounding="yearly",
        open_claim=nl.OpenClaim,
        allocation_across_claims=nl.allocation_across_claims,
    ),
    "BE": Jurisdiction(
        entity_id=2,
        law="be",
        compounding="none",
        open_claim=be.OpenClaim,
        allocation_across_claims=be.allocation_across_claims,
    ),
}

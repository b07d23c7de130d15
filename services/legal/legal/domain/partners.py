"""Lawyers and bailiffs, and who of them takes a file."""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from legal.domain.choice import ProcedureName


class Partner(BaseModel):
    """A lawyer or bailiff with what he takes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")  # part of topic, group and user names
    profession: Literal["lawyer", "bailiff"]
    countries: tuple[Literal["NL", "BE"], ...]
    languages: tuple[Literal["nl", "fr"], ...]
    procedures: tuple[ProcedureName, ...]

    @model_validator(mode="after")
    def _lawyer_first(self) -> Self:
        """Only a lawyer asks for the procedure for uncontested claims (BE-IOS-2)."""
        if self.profession == "bailiff" and "uncontested_claim_procedure" in self.procedures:
            raise ValueError(f"{self.name}: an uncontested claim goes to a lawyer, never straight to a bailiff")
        return self


class Partners(BaseModel):
    """The whole list."""

    model_config = ConfigDict(extra="forbid")

    partners: tuple[Partner, ...]


def choose_partner(
    partners: Sequence[Partner], *, procedure: ProcedureName, country: str, language: str
) -> Partner | None:
    """The first partner for this procedure, country and language."""
    return next(
        (p for p in partners if procedure in p.procedures and country in p.countries and language in p.languages), None
    )

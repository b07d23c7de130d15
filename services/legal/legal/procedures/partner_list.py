"""The partners of `partners.yaml`."""

from importlib.resources import files

import yaml

from legal.domain.partners import Partner, Partners


def load_partners() -> tuple[Partner, ...]:
    """The partners in their order. Raises ValidationError saying what is wrong with the file."""
    return Partners.model_validate(yaml.safe_load((files("legal") / "partners.yaml").read_text("utf-8"))).partners

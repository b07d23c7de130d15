"""`quittance demo`: a portfolio of claims goes through the platform, in simulated time, in a world made of a seed."""

from typing import Annotated

import typer

demo_app = typer.Typer(
    add_completion=False, rich_markup_mode="rich", pretty_exceptions_show_locals=False, pretty_exceptions_enable=False
)


@demo_app.command()
def demo(
    claims: Annotated[int, typer.Option(min=1, max=20_000, help="How many claims are handed over.")] = 500,
    days: Annotated[int, typer.Option(min=1, max=365, help="How many days are played, from 2 March 2026 on.")] = 90,
    seed: Annotated[int, typer.Option(help="The same seed gives the same world and the same account.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the account as JSON, nothing else.")] = False,
) -> None:
    """Play a portfolio through the platform: five services on real Kafka and PostgreSQL, in simulated time."""
    from cli.demo.run import run_demo  # noqa: PLC0415  --help is quick

    run_demo(claims=claims, days=days, seed=seed, as_json=as_json)

"""The commands of `./quittance`. Each imports what it needs when it runs, so that `--help` is quick."""

import importlib
import importlib.util
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

app = typer.Typer(
    name="quittance",
    help="Run, try and test the debt-collection platform on one machine.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
)
WIDE = 1000  # columns where nobody looks: a file or a pipe must not lose the end of a line
client_app = typer.Typer(help="The creditors who mandate the agency.", no_args_is_help=True)
app.add_typer(client_app, name="client")
_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command()
def up() -> None:
    """Start the platform and all it stands on, and say where to look."""
    from cli.up import start  # noqa: PLC0415 - see the module's docstring

    start(_console())


@app.command()
def down() -> None:
    """Stop what was started here. Data stays and is there at the next start."""
    from cli.up import stop  # noqa: PLC0415 - see the module's docstring

    stop(_console())


@app.command()
def status() -> None:
    """Processes; per service its lag, its outbox, and which messages are parked or wait, why and since when."""
    from cli.status import show  # noqa: PLC0415 - see the module's docstring

    show(_console())


@app.command()
def logs(
    service: Annotated[str, typer.Argument(help="A service, or postgres, kafka, smtp, sms.")],
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last lines.")] = 100,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
) -> None:
    """What a process has written."""
    from cli.logs import show  # noqa: PLC0415 - see the module's docstring

    show(_console(), service, lines=lines, follow=follow)


@app.command(context_settings=_PASS_ON, add_help_option=False)
def test(context: typer.Context) -> None:
    """Run the tests with real servers; arguments go to pytest. `--mutants`: which test holds each safety element."""
    from cli.gate import run_tests  # noqa: PLC0415 - see the module's docstring

    raise typer.Exit(run_tests(context.args))


@app.command()
def check() -> None:
    """The gate: style, types, imports, SQL, architecture and contracts; one line a step."""
    from cli.gate import run_gate  # noqa: PLC0415 - see the module's docstring

    raise typer.Exit(run_gate(_console()))


@app.command()
def trace(
    case_file: Annotated[str, typer.Argument(help="Its id, or the reference number on its notices.")],
) -> None:
    """Every message about a case file, in order: who published it, who folded it, what is parked or waits."""
    from cli.trace import show  # noqa: PLC0415 - see the module's docstring

    show(_console(), case_file)


@app.command()
def release(
    case_file: Annotated[str, typer.Argument(help="Its id, or the reference number on its notices.")],
    reason: Annotated[str, typer.Argument(help="What it is held for, as HoldPlaced and `trace` say: dispute, ...")],
    because: Annotated[str, typer.Option(help="Why it may move again; kept with the file.")],
) -> None:
    """Release a hold that a person has looked at: the file goes on by the rules."""
    from cli.holds import release as release_hold  # noqa: PLC0415 - see the module's docstring

    release_hold(_console(), case_file, reason, because)


@app.command(context_settings=_PASS_ON, add_help_option=False)
def deadletters(context: typer.Context) -> None:
    """Records that no service could apply: list, show, edit, redrive, discard."""
    _pass_on("cli.desk", "deadletters_app", context)


@app.command(context_settings=_PASS_ON, add_help_option=False)
def outbox(context: typer.Context) -> None:
    """What is not published yet; `resend` what was sent, `release` a stopped shard."""
    _pass_on("cli.desk_outbox", "outbox_app", context)


@app.command(context_settings=_PASS_ON, add_help_option=False)
def consumers(context: typer.Context) -> None:
    """`rewind` a stopped service to an instant: it reads again what it passed over."""
    _pass_on("cli.desk_consumers", "consumers_app", context)


@app.command()
def alarms() -> None:
    """Per kind of thing: how many rows are due, how late the latest is, when the next one comes."""
    from cli.desk_outbox import alarms as show  # noqa: PLC0415 - see the module's docstring

    show()


@client_app.command("add")
def client_add(  # noqa: PLR0917 - typer reads them by name
    name: Annotated[str, typer.Argument(help="The client's name.")],
    country: Annotated[str, typer.Option(help="NL or BE.")] = "NL",
    number: Annotated[str | None, typer.Option(help="His KvK or KBO number; else an example.")] = None,
    iban: Annotated[str | None, typer.Option(help="Where his money goes; else an example.")] = None,
    email: Annotated[str, typer.Option(help="Where we write to.")] = "administratie@client.example",
    phone: Annotated[str | None, typer.Option(help="Where we call; else an example.")] = None,
    judicial: Annotated[bool, typer.Option(help="May an unpaid file go to a partner without asking?")] = True,
) -> None:
    """Make client, mandate, API key, watched folder and a CSV template, and print them."""
    from cli.client import NewClient, add  # noqa: PLC0415 - see the module's docstring

    asked = NewClient(
        name=name, country=country, number=number, iban=iban, email=email, phone=phone, judicial_phase_approved=judicial
    )
    add(_console(), asked)


@app.command(context_settings=_PASS_ON, add_help_option=False)
def demo(context: typer.Context) -> None:
    """Play a portfolio of claims through the platform in simulated time."""
    _pass_on("cli.demo", "demo_app", context)


@app.command(context_settings=_PASS_ON, add_help_option=False)
def law(context: typer.Context) -> None:
    """What the law's data says, and until when it is verified."""
    _pass_on("cli.law", "law_app", context)


@app.command(context_settings=_PASS_ON, add_help_option=False)
def bench(context: typer.Context) -> None:
    """Run a benchmark by name and compare it with a limit measured in the same run."""
    from cli.bench import run_benchmark  # noqa: PLC0415 - see the module's docstring

    raise typer.Exit(run_benchmark(_console(), context.args))


@app.command(context_settings=_PASS_ON, add_help_option=False)
def chaos(context: typer.Context) -> None:
    """Kill toy services under load on servers of their own, and hold the account to every input: --kills N --seed S."""
    from cli.chaos import run_chaos  # noqa: PLC0415 - see the module's docstring

    raise typer.Exit(run_chaos(context.args))


def run() -> None:
    """The command line's entry: faults that we know are a sentence, Ctrl-C is quiet."""
    try:
        app(prog_name="quittance")
    except KeyboardInterrupt:
        sys.exit(130)
    except _known_faults() as fault:
        Console(stderr=True, soft_wrap=True).print(f"quittance: {fault}", style="red", markup=False, highlight=False)
        sys.exit(1)


def _known_faults() -> tuple[type[Exception], ...]:
    from local_stack.faults import LocalStackError  # noqa: PLC0415 - see the module's docstring

    return (LocalStackError,)


def _pass_on(module: str, name: str, context: typer.Context) -> None:
    if importlib.util.find_spec(module) is None:
        raise typer.BadParameter(f"{context.info_name} is not part of this checkout")
    command: Any = getattr(importlib.import_module(module), name)
    command(args=context.args, prog_name=f"quittance {context.info_name}")


def _console() -> Console:
    on_terminal = sys.stdout.isatty()
    return Console(highlight=False, soft_wrap=not on_terminal, width=None if on_terminal else WIDE)

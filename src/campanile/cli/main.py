"""`campanile`: every command. Errors are one sentence and a hint, exit code 1."""

import sys

import typer
from pydantic import ValidationError
from rich.markup import escape
from sqlalchemy.exc import DataError, DBAPIError, OperationalError, ProgrammingError

from campanile import __version__
from campanile.cli.lazy import LazyCommands
from campanile.cli.output import problems
from campanile.errors import CampanileError

app = typer.Typer(
    name="campanile",
    cls=LazyCommands,
    help="A self-hosted campaign dialer: a list of leads in, a spreadsheet of results out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _group() -> None:
    """A self-hosted campaign dialer: a list of leads in, a spreadsheet of results out."""


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """The process edge of every command."""
    try:
        app()
    except CampanileError as error:
        _complain(error.message, error.hint, error.details)
    except ValidationError as error:
        details = [
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
            for problem in error.errors()
        ]
        _complain("What was given does not fit", "", details)
    except DataError as error:
        _complain("The database cannot hold that", "", [_first_line(error)])
    except (OperationalError, ProgrammingError) as error:
        _complain(
            f"The database did not do it: {_first_line(error)}",
            "is `campanile up` running? `campanile doctor` looks at everything",
            [],
        )
    except KeyboardInterrupt:
        sys.exit(130)


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).splitlines()[0]


def _complain(message: str, hint: str, details: list[str]) -> None:
    problems.print(f"[red]{_sentence(message[:1].upper() + message[1:])}[/]")
    for detail in details:
        problems.print(f"  {escape(detail)}")
    if hint:
        problems.print(f"[dim]Hint: {_sentence(hint)}[/]")
    sys.exit(1)


def _sentence(words: str) -> str:
    """With its full stop; what a person wrote in brackets is no markup."""
    return escape(words.rstrip(".") + ".")


if __name__ == "__main__":
    main()

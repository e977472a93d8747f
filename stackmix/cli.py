"""The command line: errors become one line and an exit code; data goes to stdout, progress to stderr.

Nothing heavy is imported up here, so that `stackmix --help` answers at once: each command of `stackmix/commands`
imports what it needs when it is called.
"""

import errno
import sys

import typer

from stackmix.commands import blot, check, cut, evaluate, generate, inspect, prepare, push, recognize, train

app = typer.Typer(
    name="stackmix",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def stackmix() -> None:
    """New handwriting out of real handwriting: cut letters, keep them in a library, stack them into any text."""


COMMANDS = (
    prepare.prepare,
    cut.cut,
    inspect.inspect,
    generate.generate,
    blot.blot,
    evaluate.evaluate,
    check.check,
    push.push,
    recognize.recognize,
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(train.app, name="train")


def main() -> None:
    """Run a command; a user's mistake ends in one line and exit code 1, a wrong argument in 2, Ctrl-C in 130."""
    try:
        app(prog_name="stackmix")
    except OSError as error:
        what = "disk full" if error.errno == errno.ENOSPC else error.strerror
        _fail(f"{what}: {error.filename}" if error.filename else str(error))
    except ValueError as error:
        from stackmix.types import DataError

        if not isinstance(error, DataError):
            raise
        _fail(str(error))
    except SystemExit as end:
        if end.code == 130:  # typer's own code for Ctrl-C, which it reports without a word
            typer.echo("stackmix: interrupted", err=True)
        raise


def _fail(message: str) -> None:
    typer.echo(f"stackmix: {message}", err=True)
    sys.exit(1)

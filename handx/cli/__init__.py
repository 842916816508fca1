"""The `handx` command: subcommands are frozen dataclasses, one file each.

Exit codes: 0 pass, 1 a verdict is not a yes, 2 bad input (one line on stderr).
"""

import inspect
import sys
from collections.abc import Sequence
from typing import Annotated, Union

import tyro

from handx.cli.annotate import Annotate
from handx.cli.bench import Bench
from handx.cli.data import Data
from handx.cli.describe import Describe
from handx.cli.doctor import Doctor
from handx.cli.export import Export
from handx.cli.generate import Generate
from handx.cli.live import Live
from handx.cli.plan import PlanRequest
from handx.cli.record import Record
from handx.cli.retarget import Retarget
from handx.cli.robots import Robots
from handx.cli.run import Run
from handx.cli.serve import Serve
from handx.cli.simulate import Simulate
from handx.cli.stream import Stream
from handx.cli.train import Train
from handx.cli.validate import Validate
from handx.cli.vocabulary import Vocabulary
from handx.streaming.errors import NotPassed
from handx_gen.errors import HandxError
from robots.errors import RobotError

COMMANDS = {
    "run": Run,
    "plan": PlanRequest,
    "generate": Generate,
    "retarget": Retarget,
    "validate": Validate,
    "stream": Stream,
    "record": Record,
    "live": Live,
    "serve": Serve,
    "simulate": Simulate,
    "describe": Describe,
    "robots": Robots,
    "vocabulary": Vocabulary,
    "data": Data,
    "annotate": Annotate,
    "train": Train,
    "bench": Bench,
    "export": Export,
    "doctor": Doctor,
}
"""Name → command, in the order of the help text."""

DESCRIPTION = """Text in, two dexterous robot hands moving out, checked by physics first.

  handx run "touch the thumb to each fingertip in turn with both hands"

does everything and leaves its files in ./out. `handx vocabulary` lists what can be
asked, `handx robots` who can do it, `handx COMMAND --help` the rest."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code.

    Args:
        argv: Arguments; those of the process by default.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    # The list of commands has room for a line each; a command's own help says it all.
    listing = not words or words[0] not in COMMANDS
    choices = tuple(
        Annotated[
            command,
            tyro.conf.subcommand(
                name, description=_description(command, listing), prefix_name=False
            ),
        ]
        for name, command in COMMANDS.items()
    )
    command = tyro.cli(
        Union[choices],  # noqa: UP007  # built at run time
        prog="handx",
        description=DESCRIPTION,
        args=words,
    )
    try:
        return command.execute()
    except NotPassed as error:
        _complain(error)
        return 1
    except (HandxError, RobotError) as error:
        _complain(error)
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("handx: stopped; nothing was written\n")
        return 130


def _description(command: type, brief: bool) -> str:
    """A command's docstring, or its first line."""
    text = inspect.cleandoc(command.__doc__ or "")
    return text.splitlines()[0] if brief else text


def _complain(error: Exception) -> None:
    """One line on stderr, however long."""
    sys.stderr.write(f"handx: {' '.join(str(error).split())}\n")

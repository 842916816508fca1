"""One real run of the whole road, made once and shared by the tests that read it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from handx.cli import main

TEXT = "make a fist with the left hand"


@dataclass(frozen=True)
class Finished:
    """A run of the command: its exit code, what it printed, its folder."""

    code: int
    out: str
    err: str
    folder: Path


@pytest.fixture
def handx(capfd):
    """Run the command in this process: `handx("generate", "clap")`."""

    def run(*words) -> Finished:
        capfd.readouterr()
        try:
            code = main([str(word) for word in words])
        except SystemExit as stop:  # argument parsing and --help end so
            code = stop.code
        printed = capfd.readouterr()
        return Finished(code, printed.out, printed.err, Path())

    return run


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Finished:
    """`handx run` with the exact model on the default robot."""
    import contextlib
    import io

    folder = tmp_path_factory.mktemp("run") / "out"
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["run", TEXT, "--model", "program", "--out", str(folder)])
    return Finished(code, out.getvalue(), err.getvalue(), folder)

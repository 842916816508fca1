"""The `handx` command's entry, also as `python -m handx`."""

import os
import sys
from pathlib import Path


def main() -> int:
    """Run the command; where its packages are missing, say in one line which to install."""
    try:
        from handx.cli import main as command
    except ModuleNotFoundError as error:
        if error.name not in ("tyro", "rich"):
            raise
        from handx_gen.errors import MissingExtra

        missing = MissingExtra("the handx command", "all", error.name)
        sys.stderr.write(f"handx: {missing}\n")
        return 2
    return command()


if __name__ == "__main__":
    # `python -m` puts the current folder first on the path, where a user's own `sim/`
    # or `robots/` would hide ours; the installed command never looks there. Hence no
    # import of ours above this line.
    here, home = os.getcwd(), str(Path(__file__).resolve().parents[1])
    if here != home:
        sys.path[:] = [entry for entry in sys.path if entry not in ("", here)]
    sys.exit(main())

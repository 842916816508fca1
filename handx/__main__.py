"""`python -m handx`: the same command as `handx`."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    # `python -m` puts the current folder first on the path, where a user's own `sim/`
    # or `robots/` would hide ours; the installed command never looks there.
    here, home = os.getcwd(), str(Path(__file__).resolve().parents[1])
    if here != home:
        sys.path[:] = [entry for entry in sys.path if entry not in ("", here)]

    from handx.cli import main

    sys.exit(main())

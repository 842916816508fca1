"""Names of the artefacts, and folders that are never left half-written."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from handx_gen.errors import InputError

MOTION = "motion.npz"
TRAJECTORY = "trajectory.npz"
RETARGET = "retarget.json"
RETARGET_PLOT = "retarget.svg"
ROLLOUT = "rollout.npz"
REPORT = "report.json"
MCAP = "trajectory.mcap"
VIDEO = "video.mp4"
CANDIDATES = "candidates.json"
REPAIR = "repair.json"


@contextlib.contextmanager
def staged(out: Path, replaces: tuple[str, ...]) -> Iterator[Path]:
    """A folder to write into, moved file by file into `out` only if the block succeeds.

    Args:
        out: The folder for the results; made if need be.
        replaces: Names this run is answerable for: one that it did not write again is
            removed, so that `out` never mixes two runs.

    Raises:
        InputError: `out` cannot be made or written to, or a folder has the name of one
            of the results. Raised before the block runs.
    """
    for name in replaces:
        if (out / name).is_dir():
            raise InputError(
                out / name,
                "--out",
                "is a folder",
                "move it away, or choose another --out",
            )
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".handx-", dir=out))
    except OSError as error:
        _remove_empty(made)
        raise InputError(
            out, "--out", f"cannot write here ({error.strerror})",
            "choose a folder that you may write to with --out",
        ) from error  # fmt: skip
    try:
        yield temporary
        written = sorted(temporary.iterdir())
        for name in set(replaces) - {file.name for file in written}:
            (out / name).unlink(missing_ok=True)
        for file in written:
            file.replace(out / file.name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        _remove_empty(made)


def _remove_empty(folders: list[Path]) -> None:
    """Remove the folders that hold nothing, deepest first."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()

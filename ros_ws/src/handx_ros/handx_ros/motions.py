"""Motions on disk, by id: what the generator leaves and the streamer plays."""

import os
import re
import shutil
from pathlib import Path

from handx.streaming.errors import StreamError

FILES = ("trajectory.npz", "report.json")
"""What the streamer needs of a motion."""

_ID = re.compile(r"[0-9a-f]{32}")


class Motions:
    """A folder with one folder per motion.

    Args:
        folder: Where; empty for the user's state folder. Made when first written to.
    """

    def __init__(self, folder: str = "") -> None:
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        self.folder = Path(folder) if folder else Path(state) / "handx" / "motions"

    def path(self, motion_id: str) -> Path:
        """The folder of a motion, whether or not it is there.

        Raises:
            StreamError: Not an id: what comes over a topic is never part of a path.
        """
        if not _ID.fullmatch(motion_id):
            raise StreamError(
                f"{motion_id[:40]!r} is no motion id. Fix: use the one that "
                "GenerateMotion gave"
            )
        return self.folder / motion_id

    def found(self, motion_id: str) -> Path:
        """The folder of a motion that is there.

        Raises:
            StreamError: Not an id, or there is no such motion.
        """
        path = self.path(motion_id)
        missing = [name for name in FILES if not (path / name).is_file()]
        if missing:
            raise StreamError(
                f"motion {motion_id}: no {missing[0]} in {self.folder}. Fix: generate it "
                "again, and give generator and streamer the same motions_folder"
            )
        return path

    def create(self, motion_id: str) -> Path:
        """A new, private folder for a motion.

        Raises:
            StreamError: Not an id, or it cannot be made.
        """
        path = self.path(motion_id)
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.mkdir(mode=0o700)
        except OSError as error:
            raise StreamError(
                f"{path} cannot be made ({error.strerror}). Fix: set motions_folder"
            ) from error
        return path

    def discard(self, motion_id: str) -> None:
        """Remove a motion."""
        shutil.rmtree(self.path(motion_id), ignore_errors=True)

    def keep(self, count: int) -> None:
        """Remove all but the newest motions."""
        if not self.folder.is_dir():
            return
        motions = [p for p in self.folder.iterdir() if _ID.fullmatch(p.name)]
        motions.sort(key=lambda p: p.stat().st_mtime)
        for path in motions[: max(0, len(motions) - count)]:
            shutil.rmtree(path, ignore_errors=True)

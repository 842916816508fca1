"""`Source`: one on-disk format of hand motion and how to read it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from handx_gen.errors import InputError
from training.data.raw import RawMotion


@dataclass(frozen=True)
class Source:
    """A format of recordings.

    Attributes:
        name: What the command line calls it.
        title: What people call it.
        open: One recording (a file or folder that `find` names) → its motions.
        find: A folder (or a recording itself) → the recordings in it, sorted. They can
            be read independently: in parallel, and one bad file spoils no other.
        sniff: Whether a path looks like this format; reads little and never raises.
        licence: Licence of the data as its publisher states it; "" if it says nothing.
        fps: Nominal rate [Hz]; None where it differs from file to file.
        clock: Whether the files hold time stamps; only where not may a rate be given.
        notes: What a user should know before importing.
    """

    name: str
    title: str
    open: Callable[..., Iterator[RawMotion]]
    find: Callable[[Path], list[Path]]
    sniff: Callable[[Path], bool]
    licence: str = ""
    fps: float | None = 30.0
    clock: bool = True
    notes: str = ""

    def recordings(self, path: str | Path) -> list[Path]:
        """Files or folders below `path` that `read` takes one by one.

        Raises:
            InputError: No such path, or nothing of this format in it.
        """
        path = Path(path)
        if not path.exists():
            raise InputError(path, "", "no such file or folder", "check the path")
        found = self.find(path)
        if not found:
            raise InputError(
                path, "", f"holds nothing of the format {self.name}", self.notes
            )
        return found

    def read(self, path: str | Path, fps: float | None = None) -> Iterator[RawMotion]:
        """The motions in `path`, a recording or a folder of them.

        Args:
            path: The file or folder.
            fps: Rate [Hz] of files without time stamps, instead of the nominal one.

        Yields:
            The motions, in the order of `recordings`.

        Raises:
            InputError: Naming the file and what is wrong with it.
        """
        if fps is not None and self.clock:
            raise InputError(
                path, "fps", f"{self.name} files have a clock of their own", "omit it"
            )
        if fps is not None and not 1 <= fps <= 1000:
            raise InputError(path, "fps", f"{fps}", "give a rate between 1 and 1000 Hz")
        given = {} if self.clock else {"fps": fps or self.fps}
        for recording in self.recordings(path):
            yield from self.open(recording, **given)

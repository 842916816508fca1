"""`handx describe`: motion.npz → what the hands do, over time."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True)
class Describe:
    """What the hands of a motion do, as a timeline of events.

      handx describe out/motion.npz

    The same reader gives the text verdict; it sees joints only, never the text.
    """

    motion: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="MOTION.NPZ")]
    """The motion."""

    def execute(self) -> int:
        """Print the timeline."""
        from handx.cli import console
        from handx_gen.kinematics.events import read_events
        from handx_gen.kinematics.requests import describe_event
        from handx_gen.motion import BimanualMotion

        motion = BimanualMotion.load(self.motion)
        events = sorted(
            read_events(motion), key=lambda event: (event.start, event.stop)
        )
        rows = [
            (
                f"{event.start / motion.fps:.2f}",
                f"{event.stop / motion.fps:.2f}",
                event.hand,
                describe_event(event).removeprefix(event.hand).strip(),
            )
            for event in events
        ]
        title = f"{self.motion}: {len(motion)} frames at {motion.fps:g} Hz"
        console.console().print(
            console.listing(title, ("from [s]", "to [s]", "hand", "event"), rows)
        )
        return 0

"""`handx describe`: motion.npz → what the hands do, over time."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True)
class Describe:
    """What the hands of a motion do, as a timeline of events and in words.

      handx describe out/motion.npz
      handx describe out/motion.npz --json > events.json

    The same reader gives the text verdict; it sees joints only, never the text. The
    JSON holds every measured change and contact; captions are written from it.
    """

    motion: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="MOTION.NPZ")]
    """The motion."""
    json: bool = False
    """Print the event JSON instead."""
    seed: int = 0
    """Varies the wording of the captions."""

    def execute(self) -> int:
        """Print the timeline, or the JSON."""
        from handx.cli import console
        from handx_gen.captions.grammar import write
        from handx_gen.kinematics.timeline_events import timeline
        from handx_gen.motion import BimanualMotion

        motion = BimanualMotion.load(self.motion)
        events = timeline(motion)
        if self.json:
            sys.stdout.write(json.dumps(events, indent=1) + "\n")
            return 0
        found = [_action(a) for a in events["actions"]]
        found += [_phase(e) for e in events["contact_dynamics"] if e["kind"] != "touch"]
        rows = [
            (f"{start / motion.fps:.2f}", f"{stop / motion.fps:.2f}", hand, what)
            for start, stop, hand, what in sorted(found)
        ]
        title = f"{self.motion}: {len(motion)} frames at {motion.fps:g} Hz"
        console.console().print(
            console.listing(title, ("from [s]", "to [s]", "hand", "event"), rows)
        )
        levels = write(events, self.seed).levels
        words = [
            (str(number), level.left, level.right, level.relation)
            for number, level in enumerate(levels, 1)
        ]
        columns = ("level", "left", "right", "together")
        console.console().print(console.listing("in words", columns, words))
        return 0


def _action(action: dict) -> tuple[int, int, str, str]:
    words = [action["kind"].replace("_", " "), *action["fingers"]]
    if action["other_fingers"]:
        words += ["–", *action["other_fingers"]]
    words.append(action["direction"].replace("_", " "))
    what = " ".join(word for word in words if word)
    return action["start"], action["end"], action["hand"], what


def _phase(event: dict) -> tuple[int, int, str, str]:
    points = [point.replace(".", " ").removesuffix("_tip") for point in event["points"]]
    sides = {point.split(" ")[0] for point in points}
    hand = sides.pop() if len(sides) == 1 else "both"
    if hand != "both":
        points = [point.split(" ", 1)[1] for point in points]
    speed = f", {100 * event['speed']:.0f} cm/s" if "speed" in event else ""
    what = f"{event['kind']}: {' on '.join(points)}{speed}"
    return event["start"], event["end"], hand, what

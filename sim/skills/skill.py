"""`Skill`: something two hands can be asked to do, and how to tell that they did it."""

from collections.abc import Mapping
from dataclasses import dataclass

from handx_gen.kinematics.contacts import split_pair
from robots.capability import read_capability
from robots.robot import RobotSpec
from sim.skills.conditions import UNCROSSED
from sim.skills.goals import Goal, Judgement, at_start, both, never
from sim.skills.trace import Trace


@dataclass(frozen=True)
class Skill:
    """One skill.

    Attributes:
        name: Its identity, e.g. "clap_twice".
        family: What kind it is of: "touch", "pinch", "palm", "fist", "interlock",
            "count" or "motion".
        prompts: Wordings of the request; the first is the plainest.
        goal: What has to happen.
        contacts: Contact pairs it cannot be done without, in the words of
            `handx_gen.kinematics.contacts`; a robot that cannot reach one cannot do it.
        fingers: Fingers it cannot be done without, beyond those of the contacts, e.g.
            "right.pinky".
        crossed: Whether the hands may change sides, once begun on their own.
        press: How much further than to the meeting of their surfaces the scripted
            reference sends the hands [m] (`sim.skills.pressing`).
    """

    name: str
    family: str
    prompts: tuple[str, ...]
    goal: Goal
    contacts: tuple[str, ...] = ()
    fingers: tuple[str, ...] = ()
    crossed: bool = False
    press: float = 0.0

    def judge(self, trace: Trace) -> Judgement:
        """Whether what the simulated hands did is this skill."""
        sides = at_start(UNCROSSED) if self.crossed else never(~UNCROSSED)
        return both(self.goal, sides).judge(trace)

    def unreachable(self, robot: RobotSpec) -> Mapping[str, str]:
        """Needed contacts and fingers that this robot does not have → what lacks."""
        capability = read_capability(robot)
        known = capability.unreachable if capability else {}
        missing = {
            finger: f"no {finger.replace('.', ' ')}"
            for finger in self.fingers
            if not _has(robot, *finger.split("."))
        }
        for pair in self.contacts:
            absent = [
                f"no {side} {point.removesuffix('_tip')}"
                for side, point in split_pair(pair)
                if not _has(robot, side, point.removesuffix("_tip"))
            ]
            if absent:
                missing[pair] = ", ".join(absent)
            elif pair in known:
                missing[pair] = f"stays {known[pair] * 1e3:.0f} mm apart"
        return missing


def _has(robot: RobotSpec, side: str, finger: str) -> bool:
    """Whether a robot has a finger; every hand has a palm."""
    return finger == "palm" or finger in robot.hands[side].fingers

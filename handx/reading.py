"""What was asked, in words, and whether a motion holds it: the text verdict."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from handx_gen.errors import HandxError, InputError
from handx_gen.kinematics.requests import MatchResult, RequestedEvents, match
from handx_gen.motion import BimanualMotion
from handx_gen.prompt import Plan
from retarget.trajectory import BimanualTrajectory
from sim.report import Verdict


@dataclass(frozen=True)
class Reading:
    """A request, and what the rules could read in it.

    Attributes:
        plan: What the generator gets.
        requested: What the motion is judged by.
        nearest: The nearest request of the vocabulary, where a word was not read.
        known: Chance that the network knows what the rules could not read, where that
            was asked (`assured`).
    """

    plan: Plan
    requested: RequestedEvents
    nearest: str = ""
    known: float | None = None


def read(request: str | Plan, seconds: float | None = None) -> Reading:
    """What a sentence, or a plan, asks for.

    Raises:
        InputError: The text is empty or too long, or `seconds` is out of range.
    """
    from handx_gen.procedural.reader import read_plan

    plan = Plan.from_text(request, seconds) if isinstance(request, str) else request
    program = read_plan(plan)
    nearest = "" if program.requested.understood else program.nearest
    return Reading(plan, program.requested, nearest)


def assured(
    reading: Reading, model: str = "auto", seed: int = 0, device: str = "cpu"
) -> Reading:
    """The reading with the chance that the network knows a request the rules do not.

    The same reading where the rules read it all, where no network draws, or where none
    was calibrated.
    """
    if reading.requested.understood or model == "program":
        return reading
    from handx_gen.generator import DEFAULT_NETWORK, load_generator

    try:
        generator = load_generator(
            DEFAULT_NETWORK if model == "auto" else model, device
        )
    except HandxError:
        return reading  # drawing says what is wrong, or goes on without
    return replace(reading, known=generator.known(reading.plan, seed))


def text_verdict(found: MatchResult, reading: Reading) -> Verdict:
    """Does the motion contain what the text asked?

    How well the network knows a request is a number beside "can't tell", never a yes.
    """
    reasons = found.reasons
    if reading.known is not None:
        chance = f"{100 * reading.known:.0f} %"
        reasons = (*reasons, f"chance that the network knows this request: {chance}")
    if reading.nearest:
        reasons = (*reasons, f"nearest known request: “{reading.nearest}”")
    return Verdict(found.answer, tuple(reasons))


def text_verdict_of(
    trajectory: BimanualTrajectory, motion_file: Path | None, where: str = "trajectory"
) -> Verdict:
    """The text verdict of a trajectory, judged again on the motion it was made from.

    Args:
        trajectory: Remembers its text and the hash of its motion.
        motion_file: That motion; None if it is not at hand.
        where: The trajectory's file name, for messages.

    Raises:
        InputError: The file is not the motion that the trajectory was made from.
    """
    if motion_file is None:
        return Verdict("can't tell", ("the motion it was made from is not at hand",))
    motion = BimanualMotion.load(motion_file)
    if trajectory.provenance.get("motion_sha256") != motion_sha256(motion):
        raise InputError(
            motion_file, "joints", f"not the motion that {where} was made from",
            "name that motion with --motion, or retarget this one",
        )  # fmt: skip
    text = str(trajectory.provenance.get("text", ""))
    if not text.strip():
        return Verdict("can't tell", ("nothing was asked of this motion in words",))
    reading = read(text)
    return text_verdict(match(motion, reading.requested), reading)


def motion_sha256(motion: BimanualMotion) -> str:
    """Hash of a motion's arrays, which ties a trajectory to it."""
    digest = hashlib.sha256(f"{motion.fps}|{motion.present.tolist()}".encode())
    digest.update(motion.joints.astype("<f4").tobytes())
    return digest.hexdigest()

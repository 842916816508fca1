"""`Clip`: a motion at robot size on a uniform clock, ready to be solved."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from handx_gen.kinematics.contacts import ContactTrack, contact_track
from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import FINGERS, SIDES
from retarget.calibration import Calibration
from retarget.configuration import HandModel
from retarget.contacts import available_pairs
from retarget.costs.contact import ContactGoals, contact_goals
from retarget.objective import HandProblem
from retarget.placement import HEIGHT, place
from retarget.targets import HandTargets, hand_targets
from robots.capability import read_capability
from robots.robot import RobotSpec

CENTRE = np.array([0.0, 0.0, HEIGHT])
"""The motion is scaled to robot size about this point [m]."""


@dataclass(frozen=True, eq=False)
class Clip:
    """One motion for one robot.

    Attributes:
        robot: The robot.
        models: side → hand.
        calibrations: side → how the human hand lies over it.
        joints: (T, 2, 21, 3) human joints in world, human size [m].
        human: Contacts of the human hands.
        fps: Frames per second of all that follows, human clock [Hz].
        targets: side → targets at robot size.
        goals: Wanted contacts.
        floors: pair → smallest gap the robot can reach [m], where known.
    """

    robot: RobotSpec
    models: Mapping[str, HandModel]
    calibrations: Mapping[str, Calibration]
    joints: np.ndarray
    human: ContactTrack
    fps: float
    targets: Mapping[str, HandTargets]
    goals: ContactGoals
    floors: Mapping[str, float]

    def __len__(self) -> int:
        return len(self.joints)

    @property
    def time(self) -> np.ndarray:
        """(T,) human time of each frame [s]."""
        return np.arange(len(self)) / self.fps

    @property
    def problems(self) -> dict[str, HandProblem]:
        """Side → the hand's part of the solve."""
        return {side: target.problem for side, target in self.targets.items()}

    def finer(self, factor: int) -> "Clip":
        """The same clip with `factor` − 1 frames put in between any two."""
        if factor == 1 or len(self) < 2:
            return self
        count = (len(self) - 1) * factor + 1
        fps = self.fps * factor
        time = np.minimum(np.arange(count) / fps, self.time[-1])
        joints = read_smoothly(self.joints, self.fps, time)
        human = self.human.at(self.time, time)
        finer = replace(self, joints=joints, human=human, fps=fps)
        return replace(finer, targets=_targets(finer), goals=_goals(finer))

    def tip_targets(self, time: np.ndarray) -> np.ndarray:
        """(Q, 2, 5, 3) fingertip targets in world at human times (Q,) [m]."""
        tips = np.zeros((len(time), 2, 5, 3))
        for side, target in self.targets.items():
            for finger, path in target.tips.items():
                place_in = tips[:, SIDES.index(side), FINGERS.index(finger)]
                for axis in range(3):
                    place_in[:, axis] = np.interp(time, self.time, path[:, axis])
        return tips


def make_clip(
    motion: BimanualMotion,
    robot: RobotSpec,
    models: Mapping[str, HandModel],
    calibrations: Mapping[str, Calibration],
    rate: float,
    floors: Mapping[str, float] | None = None,
) -> Clip:
    """The clip of a motion; a faster motion is read at `rate` [Hz]."""
    if floors is None:
        capability = read_capability(robot)
        floors = capability.floors if capability else {}
    joints, fps = placed_frames(motion, rate)
    human = contact_track(joints, motion.present)
    none = ContactGoals((), np.zeros((0, 0)), np.zeros((0, 0)))
    clip = Clip(robot, models, calibrations, joints, human, fps, {}, none, floors)
    return replace(clip, targets=_targets(clip), goals=_goals(clip))


def placed_frames(motion: BimanualMotion, rate: float) -> tuple[np.ndarray, float]:
    """Joints in world, at the motion's rate or, if it is faster, at `rate` [Hz]."""
    joints = place(motion)
    if motion.fps <= rate * 1.01 or len(motion) < 3:
        return joints, motion.fps
    count = int(np.ceil(motion.duration * rate)) + 1
    time = np.linspace(0.0, motion.duration, count)
    return read_smoothly(joints, motion.fps, time), (count - 1) / motion.duration


def read_smoothly(values: np.ndarray, fps: float, time: np.ndarray) -> np.ndarray:
    """Frames (T, ...) read at times (Q,) [s] by a natural cubic spline."""
    from scipy.interpolate import CubicSpline

    if len(values) == 1:
        return np.repeat(values, len(time), axis=0)
    known = np.arange(len(values)) / fps
    spline = CubicSpline(known, values, bc_type="natural")
    return spline(np.clip(time, 0.0, known[-1]))


def _targets(clip: Clip) -> dict[str, HandTargets]:
    sized = (clip.joints - CENTRE) * _scale(clip) + CENTRE
    return {
        side: hand_targets(
            model, clip.calibrations[side], sized[:, SIDES.index(side)], clip.fps
        )
        for side, model in clip.models.items()
    }


def _goals(clip: Clip) -> ContactGoals:
    pairs = available_pairs(clip.robot, tuple(clip.models))
    return contact_goals(clip.human, pairs, _scale(clip), clip.floors)


def _scale(clip: Clip) -> float:
    return next(iter(clip.calibrations.values())).scale

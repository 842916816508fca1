"""What the solver should reach: human points at robot size, in world and per hand."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from retarget.calibration import Calibration
from retarget.configuration import HandModel
from retarget.correspondence import finger_points, human_points
from retarget.hand_state import NominalBase
from retarget.objective import HandProblem
from retarget.placement import hand_frames, smooth_frames

WRIST_CUTOFF = 6.0
"""The nominal wrist follows human motion up to this frequency [Hz]; what it leaves out
the fingers make up, since their targets stay where they are in world."""


@dataclass(frozen=True, eq=False)
class HandTargets:
    """Targets of one hand.

    Attributes:
        problem: The hand's part of the solve.
        tips: finger → (T, 3) fingertip targets in world [m].
    """

    problem: HandProblem
    tips: Mapping[str, np.ndarray]


def hand_targets(
    model: HandModel,
    calibration: Calibration,
    hand: np.ndarray,
    fps: float,
) -> HandTargets:
    """Targets of one hand over a clip.

    The root link is put where the calibrated robot points fall on the human ones:
    R_world_hand = R_human Aᵀ, wrist = y_wrist − R_world_hand b.

    Args:
        model: The hand.
        calibration: Human hand frame → robot hand frame.
        hand: (T, 21, 3) human joints in world, already at robot size [m].
        fps: Frames per second [Hz].
    """
    rotation, wrist = hand_frames(hand, model.spec.side)
    rotation = rotation @ calibration.rotation.T
    wrist = wrist - rotation @ calibration.offset
    rotation, wrist = smooth_frames(rotation, wrist, fps, WRIST_CUTOFF)
    nominal = NominalBase(rotation @ model.T_base_hand[:3, :3].T, wrist)
    joints = hand[:, human_points(model)]
    local = (joints - nominal.position(model)[:, None]) @ nominal.rotation
    problem = HandProblem(model, nominal, finger_points(model), local)
    tips = {name: joints[:, k] for k, name in enumerate(model.spec.fingers)}
    return HandTargets(problem, tips)

"""A parametric kinematic human hand: bones, angles with limits, FK, fit, surface.

Everything is computed for a *right-form* hand: origin at the wrist, +y to the middle
knuckle, +z out of the back of the hand, thumb at −x. A left hand is the same hand
mirrored at x = 0. Angles are an array (..., 5 fingers, 5 degrees of freedom) in the
order of `FINGERS` and `DOFS`; four of the 25 are locked (only the thumb twists), which
leaves 21.

Ranges of motion are rounded from the American Academy of Orthopaedic Surgeons' table
of normal joint motion (MCP 90°, PIP 100°, DIP 70–80°, thumb IP 80°) with the
hyperextension that healthy hands show.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handx_gen.kinematics.contacts import PAD_RADIUS
from handx_gen.skeleton import CHAIN_INDEX, FINGERS

DOFS = ("abduction", "flexion", "twist", "middle", "distal")
"""Base joint (MCP, thumb CMC): abduction, flexion, twist; then PIP (thumb MCP) and DIP
(thumb IP) flexion. Abduction is positive towards the thumb's side (−x)."""

LOWER = np.radians(
    [[-35, -35, -45, -15, -20]] + [[-25, -25, 0, -5, -10]] * 4
)  # (5, 5) [rad]
UPPER = np.radians([[35, 55, 45, 65, 85]] + [[25, 95, 0, 115, 85]] * 4)

ITERATIONS = 12
"""Gauss–Newton steps of a fit."""

_SPLAY = np.radians([0.0, 5.0, 0.5, -4.5, -10.0])
"""Direction of each straight finger about +z at zero abduction [rad]."""

_THUMB_AXIS = np.array([-0.62, 0.76, -0.20])
_THUMB_PAD = np.array([0.62, 0.30, -0.72])
"""Metacarpal direction of the relaxed thumb, and where its pad faces."""


def _rest_rotations() -> np.ndarray:
    """Orientation of each finger's base at zero angles, (5, 3, 3)."""
    rotations = np.zeros((5, 3, 3))
    y = _THUMB_AXIS / np.linalg.norm(_THUMB_AXIS)
    z = -(_THUMB_PAD - y * (y @ _THUMB_PAD))
    z /= np.linalg.norm(z)
    rotations[0] = np.stack([np.cross(y, z), y, z], 1)
    for k in range(1, 5):
        c, s = np.cos(_SPLAY[k]), np.sin(_SPLAY[k])
        rotations[k] = [[c, -s, 0], [s, c, 0], [0, 0, 1]]
    return rotations


REST_ROTATION = _rest_rotations()


@dataclass(frozen=True, eq=False)
class HandShape:
    """Bones of one hand, right-form: 20 lengths.

    Attributes:
        bases: (5, 3) thumb CMC and four MCP positions in the hand frame [m]; their
            norms are the five palm bones.
        lengths: (5, 3) proximal, middle and distal bone of each finger [m].
    """

    bases: np.ndarray
    lengths: np.ndarray


DEFAULT_SHAPE = HandShape(
    bases=np.array(
        [
            [-0.024, 0.026, -0.008],
            [-0.024, 0.090, 0.000],
            [0.000, 0.089, 0.000],
            [0.019, 0.083, -0.002],
            [0.036, 0.074, -0.006],
        ]
    ),
    lengths=np.array(
        [
            [0.044, 0.033, 0.027],
            [0.041, 0.025, 0.022],
            [0.045, 0.029, 0.023],
            [0.041, 0.027, 0.023],
            [0.033, 0.020, 0.020],
        ]
    ),
)
"""An average adult hand (hand length about 185 mm)."""


def finger_points(
    shape: HandShape, angles: np.ndarray, jacobian: bool = False
) -> tuple[np.ndarray, np.ndarray | None]:
    """Forward kinematics of all fingers in the hand frame.

    Args:
        shape: Bones.
        angles: (..., 5, 5) [rad].
        jacobian: Also return the derivative.

    Returns:
        Points (..., 5, 4, 3) [m]: base, middle and distal joint and tip of each finger;
        and, if asked, (..., 5, 4, 3, 5) the derivative by that finger's five angles.
    """
    # Bones point along y. The frames one after another, written out: the base at rest,
    # after abduction (0), flexion and twist (1); then about x, which stays, to bone 2
    # and 3.
    rest_x, rest_y, rest_z = np.moveaxis(REST_ROTATION, -1, 0)
    bends = np.stack([*np.moveaxis(angles, -1, 0), angles[..., 3] + angles[..., 4]])
    (c0, c1, c2, c3, _, c4), (s0, s1, s2, s3, _, s4) = (
        np.cos(bends)[..., None], np.sin(bends)[..., None],
    )  # fmt: skip
    x0, y0 = c0 * rest_x + s0 * rest_y, c0 * rest_y - s0 * rest_x
    y1, z0 = c1 * y0 - s1 * rest_z, s1 * y0 + c1 * rest_z
    z1 = s2 * x0 + c2 * z0
    first, second, third = (shape.lengths[..., k, None] for k in range(3))
    points = np.empty((*angles.shape[:-1], 4, 3))
    points[..., 0, :] = shape.bases
    points[..., 1, :] = shape.bases + first * y1
    points[..., 2, :] = points[..., 1, :] + second * (c3 * y1 - s3 * z1)
    points[..., 3, :] = points[..., 2, :] + third * (c4 * y1 - s4 * z1)
    if not jacobian:
        return points, None
    # Axis × y1 and axis × z1 for the three axes at the base: rest_z, −x0 and y1.
    by_y = np.stack([-c1 * x0, -z0, np.zeros_like(y1)], -1)
    by_z = np.stack([s2 * y0 - c2 * s1 * x0, c2 * y1, c2 * x0 - s2 * z0], -1)
    derivative = np.zeros((*points.shape, 5))
    one, two, three = (derivative[..., k, :, :] for k in (1, 2, 3))
    one[..., :3] = first[..., None] * by_y
    bend = second[..., None] * (c3[..., None] * by_y - s3[..., None] * by_z)
    two[..., :3] = one[..., :3] + bend
    bend = third[..., None] * (c4[..., None] * by_y - s4[..., None] * by_z)
    three[..., :3] = two[..., :3] + bend
    # The axes further on are −x: axis × y = −z.
    two[..., 3] = -second * (s3 * y1 + c3 * z1)
    three[..., 4] = -third * (s4 * y1 + c4 * z1)
    three[..., 3] = two[..., 3] + three[..., 4]
    return points, derivative


def to_joints(
    points: np.ndarray, rotation: np.ndarray, wrist: np.ndarray, side: int
) -> np.ndarray:
    """Finger points in the hand frame → 21 joints in the motion's frame.

    Args:
        points: (..., 5, 4, 3) from `finger_points` [m].
        rotation: (..., 3, 3) hand frame → motion frame, right-form.
        wrist: (..., 3) wrist position [m], right-form.
        side: 0 left (result mirrored at x = 0), 1 right.

    Returns:
        (..., 21, 3) [m], HandX order.
    """
    joints = np.zeros((*points.shape[:-3], 21, 3))
    for k, finger in enumerate(FINGERS):
        joints[..., CHAIN_INDEX[finger][1:], :] = points[..., k, :, :]
    joints = joints @ np.swapaxes(rotation, -1, -2) + wrist[..., None, :]
    if side == 0:
        joints[..., 0] *= -1
    return joints


def palm_frame(joints: np.ndarray) -> np.ndarray:
    """Orientation of a right-form hand from its joints, (..., 21, 3) → (..., 3, 3).

    +y points to the middle knuckle; +z is normal to wrist, index and pinky knuckles.
    """
    wrist = joints[..., 0, :]
    y = joints[..., CHAIN_INDEX["middle"][1], :] - wrist
    y = y / np.linalg.norm(y, axis=-1, keepdims=True)
    across = (
        joints[..., CHAIN_INDEX["pinky"][1], :]
        - joints[..., CHAIN_INDEX["index"][1], :]
    )
    z = np.cross(across, y)
    z = z / np.linalg.norm(z, axis=-1, keepdims=True)
    return np.stack([np.cross(y, z), y, z], -1)


def right_form(hand: np.ndarray, side: int) -> np.ndarray:
    """One hand's joints as a right-form hand: a left one (side 0) is mirrored."""
    return hand * np.array([-1.0, 1, 1]) if side == 0 else np.asarray(hand, float)


@dataclass(frozen=True, eq=False)
class HandParameters:
    """A hand over time: constant shape, moving angles and wrist (right-form)."""

    shape: HandShape
    angles: np.ndarray
    rotation: np.ndarray
    wrist: np.ndarray
    side: int

    def joints(self) -> np.ndarray:
        """(T, 21, 3) joints [m] in the motion's frame."""
        points, _ = finger_points(self.shape, self.angles)
        return to_joints(points, self.rotation, self.wrist, self.side)


def fit(
    hand: np.ndarray,
    side: int,
    iterations: int = ITERATIONS,
    shape: HandShape | None = None,
) -> HandParameters:
    """The parametric hand that lies closest to the joints (T, 21, 3) of one; see `fits`."""
    shapes = None if shape is None else [shape]
    return fits(hand[:, None], (side,), iterations, shapes)[0]


def fits(
    joints: np.ndarray,
    sides: Sequence[int] = (0, 1),
    iterations: int = ITERATIONS,
    shapes: Sequence[HandShape] | None = None,
    start: np.ndarray | None = None,
) -> list[HandParameters]:
    """The parametric hands that lie closest to recorded joints.

    A hand's shape is the clip's median bones; each finger is then solved by Gauss–Newton
    inside its limits, fingertips weighing four times the inner joints.

    Args:
        joints: (T, H, 21, 3) of H hands [m].
        sides: Of each hand, 0 left, 1 right.
        iterations: Gauss–Newton steps.
        shapes: Bones to use instead of the clip's own.
        start: Angles (T, H, 5, 5) to begin with, where they are nearly known.
    """
    hands = np.stack(
        [right_form(joints[:, h], side) for h, side in enumerate(sides)], 1
    )
    # The palm frame of the model's own hand is tilted by its knuckles' arch.
    flat, _ = finger_points(DEFAULT_SHAPE, np.zeros((5, 5)))
    own = palm_frame(to_joints(flat, np.eye(3), np.zeros(3), 1))
    rotation = palm_frame(hands) @ own.T
    local = (hands - hands[:, :, :1]) @ rotation  # hand frame
    target = np.stack([local[..., CHAIN_INDEX[f][1:], :] for f in FINGERS], 2)
    if shapes is None:
        bones = np.linalg.norm(np.diff(target, axis=3), axis=-1)
        both = HandShape(np.median(target[:, :, :, 0], 0), np.median(bones, 0))
    else:
        both = HandShape(
            np.stack([s.bases for s in shapes]), np.stack([s.lengths for s in shapes])
        )
    weight = np.array([1.0, 1, 4])
    angles = _angles_of_bones(target) if start is None else start
    rows = (*angles.shape[:-1], 9)
    for _ in range(iterations):
        points, derivative = finger_points(both, angles, jacobian=True)
        assert derivative is not None
        # The base does not move.
        residual = (target - points)[..., 1:, :] * weight[:, None]
        jac = derivative[..., 1:, :, :] * weight[:, None, None]
        angles = _limited_step(angles, jac.reshape(*rows, 5), residual.reshape(rows))
    return [
        HandParameters(
            HandShape(both.bases[h], both.lengths[h]),
            angles[:, h], rotation[:, h], hands[:, h, 0], side,
        )
        for h, side in enumerate(sides)
    ]  # fmt: skip


def _limited_step(
    angles: np.ndarray, jac: np.ndarray, residual: np.ndarray
) -> np.ndarray:
    """One damped Gauss–Newton step per finger, angles at a limit held if pushed out."""
    gradient = (np.swapaxes(jac, -1, -2) @ residual[..., None])[..., 0]
    held = ((angles <= LOWER) & (gradient < 0)) | ((angles >= UPPER) & (gradient > 0))
    free = (~held).astype(float)
    jac = jac * free[..., None, :]
    normal = np.swapaxes(jac, -1, -2) @ jac
    damping = 1e-6 + (1 - free)
    normal += damping[..., None] * np.eye(5)
    step = np.linalg.solve(normal, (gradient * free)[..., None])[..., 0]
    return np.clip(angles + np.clip(step, -0.5, 0.5), LOWER, UPPER)


def _angles_of_bones(target: np.ndarray) -> np.ndarray:
    """Closed-form first guess of the angles from bone directions, clipped to limits."""
    bones = np.diff(target, axis=-2)
    bones = bones / np.maximum(np.linalg.norm(bones, axis=-1, keepdims=True), 1e-9)
    angles = np.zeros((*target.shape[:-2], 5))
    first = np.einsum("kji,...kj->...ki", REST_ROTATION, bones[..., 0, :])
    # Beyond 90° of flexion the bone points backwards: y changes sign, abduction not.
    sign = np.where(first[..., 1] >= 0, 1.0, -1.0)
    forward = np.hypot(first[..., 0], first[..., 1]) * sign
    angles[..., 0] = np.arctan2(-first[..., 0] * sign, np.abs(first[..., 1]))
    angles[..., 1] = np.arctan2(-first[..., 2], forward)
    angles = np.clip(angles, LOWER, UPPER)
    for k, column in ((1, 3), (2, 4)):
        cosine = (bones[..., k, :] * bones[..., k - 1, :]).sum(-1)
        angles[..., column] = np.arccos(np.clip(cosine, -1, 1))
    return np.clip(angles, LOWER, UPPER)


def project(joints: np.ndarray, present: np.ndarray | None = None) -> np.ndarray:
    """The nearest motion with constant bones and angles inside the limits.

    Args:
        joints: (T, 2, 21, 3) [m].
        present: (2,) bool; an absent hand is left as it is.

    Returns:
        (T, 2, 21, 3) [m].
    """
    result = np.array(joints, float)
    sides = [side for side in (0, 1) if present is None or present[side]]
    for side, hand in zip(sides, fits(joints[:, sides], sides) if sides else ()):
        result[:, side] = hand.joints()
    return result


FINGER_RADIUS = np.array([0.0095, 0.0085, PAD_RADIUS])
"""Radius of the proximal, middle and distal bone's surface [m]."""


def bone_segments(joints: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Finger bones as capsules, for clearance and for pictures.

    Args:
        joints: (..., 21, 3) [m].

    Returns:
        Starts and ends (..., 15, 3) [m] finger by finger, and radii (15,) [m].
    """
    chains = np.stack([CHAIN_INDEX[f] for f in FINGERS])  # (5, 5)
    starts = joints[..., chains[:, 1:4].ravel(), :]
    ends = joints[..., chains[:, 2:5].ravel(), :]
    radii = np.tile(FINGER_RADIUS, 5)
    radii[0] = 0.0065  # the thumb's metacarpal lies inside the palm's flesh
    return starts, ends, radii

"""A motion bent to hold its constraints exactly, as smoothly and as little as possible.

The hands are those of the hand model (`control.pose`), so that bones keep their lengths
and joints their limits wherever nothing else is given. Two things take turns:

1. *Reach*: in every frame where something is asked, damped Gauss–Newton over the 62
   parameters of both hands, in steps of least norm, until values and relations hold.
2. *Spread*: what that changed is carried over to the other frames so that it comes and
   goes with the least jerk, and fades within `FADE` frames. A parameter counts as
   settled in a frame as far as the constraints there determine it: the diagonal of the
   resolution matrix (N + λ)⁻¹ N of the last Gauss–Newton step.

Who wins, in this order: given values (copied in at the end, to the bit); relations;
bones and limits, of everything that is not given; contacts that the motion had before.
What does not hold in the end is refused, with the number.
"""

from dataclasses import dataclass, replace

import numpy as np

from handx_gen.control.body import bodies
from handx_gen.control.constraints import Apart, Constraints, Relation, Touch
from handx_gen.control.points import Point, distance, parse_point
from handx_gen.control.pose import (
    PARAMETERS,
    TURN,
    Pose,
    logarithm,
    mirrored,
    own_palm,
)
from handx_gen.control.refuse import refuse_bad_values, refuse_unmet
from handx_gen.diffusion.finish import low_pass
from handx_gen.hand_model import LOWER, UPPER, HandShape, fits
from handx_gen.kinematics.contacts import CONTACT_GAP, PAIRS, contact_track

FADE = (5.0, 9.0)
"""Frames within which a change fades; those of a 30 Hz motion. The first for one of no
size, the second for one of `SCALE` and more: small ones stay near where they are needed,
large ones take their time."""

SETTLED = 1e5
"""How strongly a parameter that the constraints determine holds against the fading."""

DAMPING = 1e-6
"""Of the Gauss–Newton steps, beside squared lengths in `SCALE` units [m²]."""

SCALE = np.repeat([0.03, 0.3, 0.3], [3, 3, 25])
"""A step of this size is as likely in each parameter [m, rad, rad]."""

CONVERGED = 1e-8
"""A largest step below this, in units of `SCALE`, ends the iteration."""

KEPT_GAP = 0.5 * CONTACT_GAP
"""Gap up to which a contact that the motion had is drawn together again [m]."""


@dataclass(frozen=True, eq=False)
class Pull:
    """One relation between two points: the distance wanted in every frame.

    Attributes:
        first, second: The points.
        low, high: (T,) distance of the points [m] that is allowed, before radii; no
            bound where −inf or +inf.
    """

    first: Point
    second: Point
    low: np.ndarray
    high: np.ndarray

    @property
    def active(self) -> np.ndarray:
        """(T,) bool, frames with a bound."""
        return np.isfinite(self.low) | np.isfinite(self.high)

    def miss(self, length: np.ndarray, frames: np.ndarray) -> np.ndarray:
        """How far lengths are outside the bounds, (F,) [m], too long positive."""
        return length - np.clip(length, self.low[frames], self.high[frames])


def pull_of(relation: Relation, frames: int) -> Pull:
    """A relation as bounds."""
    first, second = (parse_point(relation.name, p) for p in relation.pair)
    skin = first.radius + second.radius
    low, high = np.full(frames, -np.inf), np.full(frames, np.inf)
    at = slice(relation.start, relation.stop)
    if isinstance(relation, Touch):
        low[at] = high[at] = skin
    elif isinstance(relation, Apart):
        low[at] = skin + relation.gap
    return Pull(first, second, low, high)


def bend(joints: np.ndarray, constraints: Constraints) -> np.ndarray:
    """The motion nearest to `joints` that holds the constraints.

    Args:
        joints: (T, 2, 21, 3) [m], a drawn motion.
        constraints: On T frames.

    Returns:
        (T, 2, 21, 3) float32 [m]. Given joints are equal to the bit.

    Raises:
        InputError: The constraints cannot hold together; says which, where, and by how
            much.
    """
    given = constraints.given
    joints = np.asarray(joints, float)
    wobble = refuse_bad_values(given, constraints.fps)
    start = _start(joints, bodies(joints, given))
    if not constraints.empty:
        pulls = [pull_of(r, len(joints)) for r in constraints.relations]
        pose = _solved(start, constraints, pulls, contacts_of(joints))
    else:
        pose = start
    result = pose.joints()
    refuse_unmet(result, constraints, wobble)
    return np.where(given.mask[..., None], given.joints, result.astype(np.float32))


def _start(joints: np.ndarray, shapes: tuple[HandShape, HandShape]) -> Pose:
    """The motion in other bodies: the same angles, wrists and palms.

    Fitting the other bodies to the joints instead would make the angles tremble.
    """
    hands = fits(joints)
    # Where a thumb fits in two ways, the fit may jump between them.
    smooth = [
        replace(h, angles=np.clip(low_pass(h.angles), LOWER, UPPER)) for h in hands
    ]
    pose = Pose.of(*smooth)
    pose.shapes = shapes
    return pose


def contacts_of(joints: np.ndarray) -> list[Pull]:
    """The contacts that a motion has, as bounds: they need not come apart."""
    track = contact_track(joints)
    pulls = []
    for pair in track.active().pairs:
        first, second = (parse_point("pair", p) for p in pair.split("|"))
        skin = first.radius + second.radius
        on = track.mask[:, PAIRS.index(pair)]
        high = np.where(on, skin + KEPT_GAP, np.inf)
        pulls.append(Pull(first, second, np.full(len(joints), -np.inf), high))
    return pulls


def _solved(
    start: Pose, constraints: Constraints, asked: list[Pull], kept: list[Pull]
) -> Pose:
    """`start`, reached and spread in turns."""
    given = constraints.given
    busy = given.mask.any(2) | given.turned  # (T, 2)
    for pull in asked:
        for point in (pull.first, pull.second):
            busy[:, point.side] |= pull.active
    pose = start.at(np.arange(len(busy)))
    pulls = asked
    for rounds in (16, 6, 6):
        settled = _reach(pose, constraints, pulls, rounds)
        _spread(start, pose, settled)
        # What was touching when the hands had not moved yet is drawn together again.
        pulls = [*asked, *kept]
    # At the cost of a little smoothness; beside what is asked of pairs it would clash.
    _reach(pose, constraints, asked or kept, 16)
    return pose


def _reach(
    pose: Pose, constraints: Constraints, pulls: list[Pull], rounds: int
) -> np.ndarray:
    """Gauss–Newton in the frames where something is asked; moves `pose`.

    Returns:
        (T, 2, 31), how far each parameter is determined, 0 to 1.
    """
    given = constraints.given
    settled = np.zeros((len(pose.wrist), 2, PARAMETERS))
    active = given.mask.any((1, 2)) | given.turned.any(1)
    for pull in pulls:
        active |= pull.active
    frames = np.flatnonzero(active)
    if not frames.size:
        return settled
    part = pose.at(frames)
    values, mask = given.joints[frames].astype(float), given.mask[frames]
    turn = _turns(given.rotation[frames], part)
    turned = given.turned[frames]
    scale = np.concatenate([SCALE, SCALE])
    normal = np.zeros((len(frames), 62, 62))
    for _ in range(rounds):
        joints, change = part.linearised()
        normal = np.zeros((len(frames), 62, 62))
        right = np.zeros((len(frames), 62))
        for s in (0, 1):
            at = slice(31 * s, 31 * s + 31)
            rows = (change[:, s] * mask[:, s, :, None, None]).reshape(
                len(frames), 63, 31
            )
            off = (values[:, s] - joints[:, s]).reshape(len(frames), 63, 1)
            normal[:, at, at] = rows.swapaxes(1, 2) @ rows
            right[:, at] = (rows.swapaxes(1, 2) @ off)[..., 0]
            # An orientation counts like a joint a decimetre away from the wrist.
            angle = logarithm(turn[:, s] @ part.rotation[:, s].swapaxes(1, 2))
            weight = 0.01 * turned[:, s, None]
            index = 31 * s + np.arange(TURN.start, TURN.stop)
            normal[:, index, index] += weight
            right[:, index] += weight * angle
        # Points are where they will be: given joints do not move.
        there = np.where(mask[..., None], values, joints)
        free = change * ~mask[..., None, None]
        for pull in pulls:
            length, slope = distance(pull.first, pull.second, there)
            miss = pull.miss(length, frames)
            row = np.einsum("fsjc,fsjcp->fsp", slope, free).reshape(-1, 62)
            bound = np.isfinite(pull.low[frames]) & np.isfinite(pull.high[frames])
            row = row * (bound | (miss != 0))[:, None]
            normal += row[:, :, None] * row[:, None]
            right -= row * miss[:, None]
        normal *= scale[:, None] * scale
        step = _step(part, normal, right * scale)
        part.step(step.reshape(-1, 2, PARAMETERS) * SCALE)
        if np.abs(step).max() < CONVERGED:
            break
    pose.put(frames, part)
    damped = normal + DAMPING * np.eye(62)
    resolution = np.linalg.solve(damped, normal)
    diagonal = np.diagonal(resolution, axis1=1, axis2=2)
    settled[frames] = np.clip(diagonal, 0, 1).reshape(-1, 2, PARAMETERS)
    return settled


def _turns(rotation: np.ndarray, part: Pose) -> np.ndarray:
    """Given palm orientations as rotations of the hand model, right-form."""
    wanted = np.stack([mirrored(rotation[:, 0]), rotation[:, 1]], 1)
    own = np.stack([own_palm(shape) for shape in part.shapes])
    return wanted @ own.swapaxes(-1, -2)


def _step(part: Pose, normal: np.ndarray, right: np.ndarray) -> np.ndarray:
    """One damped step, (F, 62) in scaled units; angles pushed past a limit stay."""
    lower, upper = (
        np.broadcast_to(limit, part.angles.shape).reshape(-1, 2, 25)
        for limit in (LOWER, UPPER)
    )
    angles = part.angles.reshape(-1, 2, 25)
    push = right.reshape(-1, 2, PARAMETERS)[..., 6:]
    held = np.zeros((len(right), 2, PARAMETERS), bool)
    held[..., 6:] = (
        (lower == upper)
        | ((angles <= lower) & (push < 0))
        | ((angles >= upper) & (push > 0))
    )
    free = (~held).reshape(-1, 62).astype(float)
    system = normal * free[:, :, None] * free[:, None]
    system += (DAMPING + (1 - free))[:, :, None] * np.eye(62)
    step = np.linalg.solve(system, (right * free)[..., None])[..., 0]
    # No step is larger than what a linear picture of the hand is good for.
    return np.clip(step, -1.0, 1.0)


def _spread(start: Pose, pose: Pose, settled: np.ndarray) -> None:
    """Carry what changed at settled frames over to the others; moves `pose`.

    Minimises fade⁶ |third differences|² + Σ w |e − d|² over each parameter's change e,
    with d what the constraints made of it where they determine it (w large) and d = 0,
    w = 1 elsewhere.
    """
    change = pose.minus(start).reshape(len(settled), -1)
    share = settled.reshape(len(settled), -1)
    weight = np.where(share > 1e-3, SETTLED * share / (1 - share + 1e-3), 1.0)
    target = np.where(share > 1e-3, change, 0.0)
    moving = np.flatnonzero(np.abs(target).max(0) > 1e-9)
    frames = len(change)
    if frames > 3:
        third = np.diff(np.eye(frames), 3, axis=0)
        smooth = third.T @ third
        size = np.abs(target / np.concatenate([SCALE, SCALE])).max(0)
        fade = np.interp(size, (0, 1), FADE).round(1)
        spread = np.zeros_like(change)
        # Columns that agree in both share one factorisation.
        kinds, which = np.unique(
            np.vstack([weight, fade])[:, moving].round(6), axis=1, return_inverse=True
        )
        for kind in range(kinds.shape[1]):
            columns = moving[which.reshape(-1) == kind]
            w = kinds[:-1, kind]
            system = kinds[-1, kind] ** 6 * smooth + np.diag(w)
            spread[:, columns] = np.linalg.solve(
                system, w[:, None] * target[:, columns]
            )
        change = spread
    fresh = start.at(np.arange(frames))
    fresh.step(change.reshape(frames, 2, PARAMETERS))
    pose.put(np.arange(frames), fresh)

"""Where the hands should be → joint angles of the arms, for all samples at once.

Gauss–Newton on position and orientation of both hands' roots, a weak pull to the rest
pose (which settles the elbows), accelerations, capsules that come too close and a centre
of mass that leans too far; joint limits are a hard box, kept by an active set. The normal
equations of a whole clip are a band of three blocks, factorised by Cholesky.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from retarget.arm_chain import ArmChain
from retarget.banded import solve_banded_spd
from retarget.capsules import Overlaps, capsule_set, find_overlaps
from retarget.configuration import HandPose
from retarget.rotations import quaternion_from_matrix

POSITION, TURN = 1e-3, 1e-2
"""Errors that cost 1 [m, rad]."""
FAR, ASKEW = 20.0, 20.0
"""Beyond so many of them the cost grows linearly: what cannot be reached pulls less."""
POSTURE = 0.15
"""Cost, before squaring, of 1 rad away from the rest pose."""
ACCELERATION = 20.0
"""Acceleration that costs 1 [rad/s²]."""
CLEARANCE, TOUCH = 0.01, 2e-3
"""Capsules keep this distance; an overlap beyond it that costs 1 [m]."""
LEAN, LEANING = 0.04, 2e-3
"""The centre of mass may move sideways by this; an excess that costs 1 [m]."""
DAMPING = 1e-3
EDGE = 1e-4
"""Limits are kept with this reserve [rad]."""


@dataclass(frozen=True, eq=False)
class ArmTargets:
    """What the arms should do.

    Attributes:
        rotation: (T, 2, 3, 3) of the hands' roots, in the body's root frame.
        position: (T, 2, 3) [m].
        wanted: (2,) bool, hands that are in the motion.
    """

    rotation: np.ndarray
    position: np.ndarray
    wanted: np.ndarray


@dataclass(frozen=True, eq=False)
class _Normal:
    """Cost, gradient (T, m) and Gauss–Newton blocks (T, m, m) of every sample."""

    cost: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray


def rotation_vector(rotation: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) → rotation vectors of at most π (..., 3) [rad]."""
    wxyz = quaternion_from_matrix(rotation)
    wxyz = np.where(wxyz[..., :1] < 0, -wxyz, wxyz)
    length = np.linalg.norm(wxyz[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(length, wxyz[..., :1])
    return wxyz[..., 1:] * np.where(
        length < 1e-9, 2.0, angle / np.maximum(length, 1e-9)
    )


def errors(
    chain: ArmChain, pose: HandPose, targets: ArmTargets
) -> tuple[np.ndarray, np.ndarray]:
    """(T, 2, 3) position [m] and (T, 2, 3) rotation-vector [rad] errors."""
    rotation, position = chain.roots(pose)
    turn = rotation_vector(rotation @ targets.rotation.swapaxes(-1, -2))
    return position - targets.position, turn


def solve_arms(
    chain: ArmChain,
    targets: ArmTargets,
    start: np.ndarray,
    step: float | None,
    iterations: int = 40,
    posture: float = POSTURE,
    box: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """Joint angles for every sample.

    Args:
        chain: The robot's body.
        targets: T samples.
        start: (T, m) angles to begin with [rad].
        step: Time between samples [s]; None for samples that have nothing to do with
            one another.
        iterations: At most so many.
        posture: Cost, before squaring, of 1 rad away from the rest pose.
        box: (m,) lowest and highest angles, inside the limits; by default the limits [rad].

    Returns:
        (T, m) angles of `chain.moving`, inside the limits [rad].
    """
    lower, upper = box or (
        chain.model.lower[chain.moving] + EDGE,
        chain.model.upper[chain.moving] - EDGE,
    )
    q = np.clip(start, lower, upper)
    now = _evaluate(chain, targets, q, posture)
    smooth = None if step is None else 1 / (ACCELERATION * step**2)
    value, damping = _total(now, q, smooth), DAMPING
    for _ in range(iterations):
        move = _newton(now, q, smooth, lower, upper, damping)
        trial = np.clip(q + move, lower, upper)
        there = _evaluate(chain, targets, trial, posture)
        better = _total(there, trial, smooth)
        if smooth is None:
            # Independent samples: each takes its own step or stays.
            took = better < value
            damping = np.where(took, np.maximum(damping / 3, 1e-6), damping * 6)
            q = np.where(took[:, None], trial, q)
            now = _Normal(
                *(
                    np.where(took.reshape(-1, *[1] * (a.ndim - 1)), a, b)
                    for a, b in (
                        (there.cost, now.cost), (there.gradient, now.gradient),
                        (there.hessian, now.hessian),
                    )
                )
            )  # fmt: skip
            value = np.where(took, better, value)
            continue
        gain = float(value.sum() - better.sum())
        if gain > 0:
            q, now, value, damping = trial, there, better, max(damping / 3, 1e-6)
            if gain < 1e-4 * float(value.sum()) + 1e-9:
                break
        else:
            damping *= 6
            if damping > 1e6:
                break
    return q


def _evaluate(
    chain: ArmChain, targets: ArmTargets, q: np.ndarray, posture: float = POSTURE
) -> _Normal:
    """Everything but the accelerations."""
    free = np.repeat(chain.model.rest[None], len(q), 0)
    free[:, chain.moving] = q
    pose = chain.model.forward(free)
    place, turn = errors(chain, pose, targets)
    linear, angular = chain.root_jacobian(pose, place + targets.position)
    cost = np.zeros(len(q))
    gradient = np.zeros_like(q)
    hessian = np.zeros((*q.shape, q.shape[1]))
    for error, jacobian, unit, bound in (
        (place, linear, POSITION, FAR), (turn, angular, TURN, ASKEW),
    ):  # fmt: skip
        length = np.linalg.norm(error, axis=-1) / unit  # (T, 2)
        weight = np.minimum(1.0, bound / np.maximum(length, 1e-12)) * targets.wanted
        huber = np.where(length <= bound, length**2 / 2, bound * (length - bound / 2))
        cost += (huber * targets.wanted).sum(1)
        scaled = weight[..., None, None] * jacobian / unit**2
        gradient += np.einsum("thxm,thx->tm", scaled, error)
        hessian += np.einsum("thxm,thxn->tmn", scaled, jacobian)
    away = q - chain.model.rest[chain.moving]
    cost += posture**2 / 2 * (away**2).sum(1)
    gradient += posture**2 * away
    hessian += posture**2 * np.eye(q.shape[1])
    _add_touches(chain, pose, cost, gradient, hessian)
    _add_lean(chain, pose, cost, gradient, hessian)
    return _Normal(cost, gradient, hessian)


def overlaps(
    chain: ArmChain, pose: HandPose, margin: float
) -> tuple[Overlaps, np.ndarray]:
    """Capsule pairs closer than `margin` [m], and which of them the arms must part.

    Whether the hands may touch one another is the hands' business.
    """
    capsules = capsule_set(chain.model.spec)
    frames = len(pose.position)
    placed = capsules.placed(
        pose, np.broadcast_to(np.eye(3), (frames, 3, 3)), np.zeros((frames, 3))
    )
    (found,) = find_overlaps({"body": (chain.model.spec, placed)}, margin)
    keep = ~(chain.guests[found.first] & chain.guests[found.second])
    return found, keep


def _add_touches(
    chain: ArmChain,
    pose: HandPose,
    cost: np.ndarray,
    gradient: np.ndarray,
    hessian: np.ndarray,
) -> None:
    found, keep = overlaps(chain, pose, CLEARANCE)
    if not keep.any():
        return
    body = capsule_set(chain.model.spec).start.body
    frame = found.frame[keep]
    row = np.zeros((len(frame), gradient.shape[1]))
    for which, at, sign in (
        (found.first, found.a, 1.0), (found.second, found.b, -1.0),
    ):  # fmt: skip
        jacobian = chain.model.row_jacobian(
            pose, frame, body[which[keep]], at[keep], found.normal[keep]
        )
        row += sign * jacobian[:, chain.moving]
    lack = (CLEARANCE - found.distance[keep]) / TOUCH
    row /= -TOUCH
    np.add.at(cost, frame, lack**2 / 2)
    np.add.at(gradient, frame, lack[:, None] * row)
    np.add.at(hessian, frame, row[:, :, None] * row[:, None, :])


def _add_lean(
    chain: ArmChain,
    pose: HandPose,
    cost: np.ndarray,
    gradient: np.ndarray,
    hessian: np.ndarray,
) -> None:
    centre, jacobian = chain.centre_of_mass(pose)
    away = (centre - rest_centre(chain))[:, :2]
    length = np.linalg.norm(away, axis=1)
    over = np.maximum(length - LEAN, 0.0) / LEANING
    row = np.einsum("tx,txm->tm", away, jacobian[:, :2]) / (
        np.maximum(length, 1e-9)[:, None] * LEANING
    )
    row *= (over > 0)[:, None]
    cost += over**2 / 2
    gradient += over[:, None] * row
    hessian += row[:, :, None] * row[:, None, :]


@lru_cache(maxsize=8)
def rest_centre(chain: ArmChain) -> np.ndarray:
    """(3,) centre of mass at rest [m]; found once."""
    return chain.centre_of_mass(chain.model.forward(chain.model.rest[None]))[0][0]


def _total(now: _Normal, q: np.ndarray, smooth: float | None) -> np.ndarray:
    """(T,) cost of each sample, accelerations counted at their middle sample."""
    total = now.cost.copy()
    if smooth is not None and len(q) > 2:
        bend = smooth * np.diff(q, 2, axis=0)
        total[1:-1] += (bend**2).sum(1) / 2
    return total


def _newton(
    now: _Normal,
    q: np.ndarray,
    smooth: float | None,
    lower: np.ndarray,
    upper: np.ndarray,
    damping: float | np.ndarray,
) -> np.ndarray:
    """The damped step, joints at a limit that push outwards held."""
    count, joints = q.shape
    gradient = now.gradient.copy()
    if smooth is not None and count > 2:
        bend = smooth**2 * np.diff(q, 2, axis=0)
        gradient[:-2] += bend
        gradient[1:-1] -= 2 * bend
        gradient[2:] += bend
    held = ((q <= lower) & (gradient > 0)) | ((q >= upper) & (gradient < 0))
    free = ~held
    diagonal = np.einsum("tmm->tm", now.hessian)
    block = now.hessian * (free[:, :, None] & free[:, None, :])
    extra = np.where(held, 1.0, np.reshape(damping, (-1, 1)) * (1 + diagonal))
    block = block + extra[..., None] * np.eye(joints)
    right = -np.where(held, 0.0, gradient)
    if smooth is None:
        return np.linalg.solve(block, right[..., None])[..., 0]
    return _banded(block, free, smooth**2, right)


def _banded(
    block: np.ndarray, free: np.ndarray, weight: float, right: np.ndarray
) -> np.ndarray:
    """Solve (blocks + weight · DᵀD) x = right with D the second difference."""
    count, joints = right.shape
    width = 2 * joints
    band = np.zeros((width + 1, count * joints))
    for row in range(joints):
        for column in range(row + 1):
            # Lower form: band[i − j, j] = a[i, j].
            band[row - column, column::joints] += block[:, row, column]
    if count > 2:
        own = np.zeros(count)
        own[:-2] += 1.0
        own[1:-1] += 4.0
        own[2:] += 1.0
        next_ = np.zeros(count)
        next_[:-2] -= 2.0
        next_[1:-1] -= 2.0
        after = np.zeros(count)
        after[:-2] = 1.0
        for offset, values in ((0, own), (1, next_), (2, after)):
            pair = np.ones((count, joints), bool)
            pair[: count - offset] = free[: count - offset] & free[offset:]
            band[offset * joints] += (weight * values[:, None] * pair).ravel()
    return solve_banded_spd(band, right.flatten()).reshape(count, joints)

"""Motion → MANO parameters: the hand whose joints lie closest to those given.

Joints fix where a bone points, not how far it is twisted about itself. What is missing
comes from anatomy: fingers bend about hinges and hardly twist. Nothing pulls towards the
frame before, so a finger that moves is followed (a heavy penalty on change, as in the HandX
paper's script, freezes it).
"""

from pathlib import Path
from typing import Any

import numpy as np

from handx_gen.errors import InputError
from handx_gen.mano import ManoHand, ManoMotion, Skin
from handx_gen.mano_file import PARENTS, SHAPES, ManoModel, load_mano
from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import BONE_INDEX, CHAIN_INDEX, FINGERS, JOINT, SIDES

NOISE = 0.002
"""Error of the given joints that the fit expects [m]."""

LENGTH_NOISE = 0.0005
"""Error of a clip's median lengths [m]."""

_PALM = [JOINT["wrist"], *(CHAIN_INDEX[finger][1] for finger in FINGERS)]
_LENGTHS = np.array(
    [(a, b) for k, a in enumerate(_PALM) for b in _PALM[k + 1 :]]
    + [tuple(bone) for bone in BONE_INDEX if bone[0] != JOINT["wrist"]]
)
"""Pairs of joints whose distance depends on the shape and hardly on the pose."""

_SPREAD = np.radians(
    [[100.0, 25, 10], [100, 5, 5], [100, 5, 5]] * 4
    + [[50, 50, 30], [70, 70, 12], [70, 70, 12]]
)
"""Standard deviation of each of MANO's 15 finger joints about its hinge, sideways and
about the bone, (15, 3). The thumb's hinges differ from hand to hand: none is assumed."""

_CHILD = np.array(
    [
        next(chain[k + 1] for chain in CHAIN_INDEX.values() for k in (1, 2, 3)
             if chain[k] == joint)
        for joint in range(1, 16)
    ]
)  # fmt: skip
"""The joint at the far end of the bone that each of the 15 turns."""


def fit_motion(motion: BimanualMotion, folder: str | Path | None = None) -> ManoMotion:
    """MANO parameters of the hands that a motion has.

    Args:
        motion: Any frame; the parameters are in the same.
        folder: Of the model files, see `load_mano`.

    Returns:
        The parameters; `provenance["mano_error"]` holds each hand's mean distance
        between fitted and given joints [m].

    Raises:
        InputError: No model files, or a hand that is none.
        MissingExtra: torch or smplx is not installed.
    """
    hands: dict[str, ManoHand] = {}
    errors: dict[str, float] = {}
    for k, side in enumerate(SIDES):
        if not motion.present[k]:
            continue
        model = load_mano(side, folder)
        hands[side] = fit_hand(motion.hand(side), model)
        found = Skin.of_joints(model).place(hands[side])
        errors[side] = float(np.linalg.norm(found - motion.hand(side), axis=-1).mean())
    provenance = {**motion.provenance, "mano_error": errors}
    return ManoMotion(hands.get("left"), hands.get("right"), motion.fps, provenance)


def fit_hand(hand: np.ndarray, model: ManoModel, iterations: int = 60) -> ManoHand:
    """The parameters of one hand: one shape for all frames, a pose for each.

    Args:
        hand: (T, 21, 3) joints [m], HandX order, finite.
        model: Of the same side.
        iterations: Of L-BFGS, over all frames at once.

    Raises:
        InputError: A bone has no length.
        MissingExtra: torch or smplx is not installed.
    """
    target = np.asarray(hand, float)
    bones = target[:, BONE_INDEX[:, 1]] - target[:, BONE_INDEX[:, 0]]
    if (np.linalg.norm(bones, axis=-1) < 1e-4).any():
        raise InputError(f"{model.side} hand", "joints", "a bone of no length")
    skin = Skin.of_joints(model)
    betas = _shape(target, skin)
    rest = _rest(skin, betas)
    orient, pose = _aligned(target, rest)
    found = _refined(target, skin, betas, orient, pose, iterations)
    return ManoHand(model.side, *found)


def _rest(skin: Skin, betas: np.ndarray) -> np.ndarray:
    """(21, 3) joints of the flat hand of a shape [m]."""
    return skin.arrays[0].numpy() + skin.arrays[1].numpy() @ betas


def _shape(target: np.ndarray, skin: Skin) -> np.ndarray:
    """(10,) `betas` from the clip's median lengths, by Gauss–Newton."""
    first, second = _LENGTHS.T
    lengths = np.median(
        np.linalg.norm(target[:, second] - target[:, first], axis=-1), 0
    )
    directions = skin.arrays[1].numpy()
    moves = directions[second] - directions[first]
    betas = np.zeros(SHAPES)
    for _ in range(8):
        rest = _rest(skin, betas)
        span = rest[second] - rest[first]
        now = np.linalg.norm(span, axis=-1)
        jacobian = np.einsum("lc,lck->lk", span / now[:, None], moves) / LENGTH_NOISE
        residual = (lengths - now) / LENGTH_NOISE
        normal = jacobian.T @ jacobian + np.eye(SHAPES)
        betas = betas + np.linalg.solve(normal, jacobian.T @ residual - betas)
    return betas


def _aligned(target: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First guess in closed form: the palm as a rigid body, then bone after bone.

    Returns:
        (T, 3) `global_orient` and (T, 15, 3) finger rotations [rad].
    """
    palm = rest[_PALM] - rest[0]
    cross = np.einsum("tji,jk->tik", target[:, _PALM] - target[:, :1], palm)
    u, _, vt = np.linalg.svd(cross)
    u[..., 2] *= np.sign(np.linalg.det(u @ vt))[:, None]
    turns = [u @ vt]  # of the wrist, then of each finger joint, in the motion's frame
    pose = np.zeros((len(target), 15, 3))
    for joint in range(1, 16):
        parent = turns[PARENTS[joint]]
        child = _CHILD[joint - 1]
        bone = target[:, child] - target[:, joint]
        local = np.einsum("tji,tj->ti", parent, bone)
        turn = shortest_turn(rest[child] - rest[joint], local)
        pose[:, joint - 1] = turn
        turns.append(parent @ matrix(turn))
    return axis_angle(turns[0]), pose


def _bases(rest: np.ndarray) -> np.ndarray:
    """(15, 3, 3) hinge, sideways and bone direction of each finger joint, as rows."""
    across = rest[JOINT["pinky_mcp"]] - rest[JOINT["index_mcp"]]
    out = np.cross(across, rest[JOINT["middle_mcp"]] - rest[JOINT["wrist"]])
    bone = rest[_CHILD] - rest[1:16]
    bone = bone / np.linalg.norm(bone, axis=1, keepdims=True)
    hinge = np.cross(bone, out)
    hinge = hinge / np.linalg.norm(hinge, axis=1, keepdims=True)
    return np.stack([hinge, np.cross(hinge, bone), bone], 1)


def _refined(
    target: np.ndarray,
    skin: Skin,
    betas: np.ndarray,
    orient: np.ndarray,
    pose: np.ndarray,
    iterations: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Maximum a posteriori over all frames, the shape shared, by L-BFGS.

    Returns:
        `betas`, `global_orient`, `hand_pose` and `transl`.
    """
    import torch

    def tensor(values: Any) -> torch.Tensor:
        return torch.tensor(np.asarray(values), dtype=skin.dtype)

    frames = len(target)
    wrist = _rest(skin, betas)[0]
    transl = target[:, 0] - wrist
    centre = transl.mean(0)  # far from the origin digits would be lost
    start = [tensor(betas), tensor(orient), tensor(pose.reshape(frames, 45))]
    start.append(tensor(transl - centre))
    # A step of one in every unknown should move joints by a similar amount.
    scales = [5 / np.sqrt(frames), 0.3, 1.0, 0.02]
    steps = [torch.zeros_like(value, requires_grad=True) for value in start]
    goal, basis = tensor(target - centre), tensor(_bases(_rest(skin, betas)))
    spread = tensor(_SPREAD)

    def unknowns() -> list[torch.Tensor]:
        return [a + scale * b for a, b, scale in zip(start, steps, scales)]

    def cost() -> torch.Tensor:
        shape, turn, bend, shift = unknowns()
        points = skin(shape.expand(frames, -1), torch.cat([turn, bend], 1))
        away = (points + shift[:, None] - goal) / NOISE
        local = torch.einsum("jab,tjb->tja", basis, bend.view(frames, 15, 3)) / spread
        return away.square().sum() + local.square().sum() + shape.square().sum()

    solver = torch.optim.LBFGS(
        steps, max_iter=iterations, history_size=20, line_search_fn="strong_wolfe"
    )

    def closure() -> torch.Tensor:
        solver.zero_grad()
        value = cost() / frames
        value.backward()
        return value

    solver.step(closure)
    shape, turn, bend, shift = (value.detach().numpy() for value in unknowns())
    return shape, turn, bend, shift + centre


def shortest_turn(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Axis-angle [rad] of the smallest rotation from one direction to others.

    Args:
        start: (3,) and end: (T, 3); lengths do not matter.
    """
    cross = np.cross(start, end)
    size = np.linalg.norm(cross, axis=-1, keepdims=True)
    angle = np.arctan2(size, (end @ start)[:, None])
    # Opposite directions have no axis of their own: any one across will do.
    across = np.cross(start, np.eye(3)[np.abs(start).argmin()])
    axis = np.where(size > 1e-12, cross, across)
    return angle * axis / np.linalg.norm(axis, axis=-1, keepdims=True)


def matrix(turn: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) of axis-angles (..., 3) [rad] (Rodrigues)."""
    angle = np.linalg.norm(turn, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(turn / np.maximum(angle[..., 0], 1e-12), -1, 0)
    o = np.zeros_like(x)
    k = np.stack([o, -z, y, z, o, -x, -y, x, o], -1).reshape(*turn.shape, 3)
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * (k @ k)


def axis_angle(turn: np.ndarray) -> np.ndarray:
    """Axis-angles (..., 3) [rad], at most π long, of rotation matrices (..., 3, 3).

    By way of the quaternion, whose largest component is never near zero: exact near half
    a turn too.
    """
    m = np.asarray(turn, float)
    trace = np.trace(m, axis1=-2, axis2=-1)
    diagonal = np.diagonal(m, axis1=-2, axis2=-1)
    squares = np.concatenate([trace[..., None], diagonal], -1)
    squares = 1 + 2 * squares - trace[..., None]  # 4 w², 4 x², 4 y², 4 z²
    squares[..., 0] = 1 + trace
    off = m - np.swapaxes(m, -1, -2)
    vector = np.stack(
        [off[..., 2, 1], off[..., 0, 2], off[..., 1, 0]], -1
    )  # 4 w (x, y, z)
    both = m + np.swapaxes(m, -1, -2)
    products = np.zeros((*m.shape[:-2], 4, 4))  # 4 q qᵀ
    products[..., 0, 1:] = products[..., 1:, 0] = vector
    products[..., 1:, 1:] = both
    for k in range(4):
        products[..., k, k] = squares[..., k]
    best = squares.argmax(-1)[..., None, None]
    q = np.take_along_axis(products, best, -2)[..., 0, :]
    q = q / np.linalg.norm(q, axis=-1, keepdims=True)
    q = np.where(q[..., :1] < 0, -q, q)
    size = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(size, q[..., :1])
    # A tiny rotation: sin(angle / 2) ≈ angle / 2.
    return q[..., 1:] * np.where(size > 1e-9, angle / np.maximum(size, 1e-9), 2.0)

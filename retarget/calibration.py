"""How a human hand is laid over a robot hand: scale, rotation and offset.

p_robot = s A p_human + b, both in their anatomical hand frames, found by alternating
inverse kinematics and Procrustes over poses of the clip itself. Errors are counted at
human size, because a fit at robot size would reward shrinking the hand.
The knuckles, which do not move on the robot, anchor the fit where the clip shows little.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handx_gen.hand_model import DEFAULT_SHAPE, UPPER, to_joints
from handx_gen.hand_model import finger_points as shape_points
from handx_gen.skeleton import BONES, CHAINS, JOINT, SIDES, bone_lengths
from retarget.configuration import HandModel, hand_model
from retarget.correspondence import finger_points, human_points
from retarget.costs.contact import ContactGoals
from retarget.errors import RetargetError
from retarget.hand_state import WRIST, NominalBase
from retarget.objective import Deviations, HandProblem, Objective
from retarget.placement import hand_frames
from retarget.solve import solve_frames
from robots.robot import RobotSpec

POSES = 40
"""At most so many poses of the clip are used."""
ROUNDS, REFINING_ROUNDS = 8, 2
KNUCKLE_WEIGHT = 0.3
"""Weight of a knuckle beside a fingertip's 1."""
MIDDLE_WEIGHT = 0.3
SCALE_RANGE = 1.3
"""The fitted scale stays within this factor of the ratio of finger lengths."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Similarity from the human to the robot hand frame.

    Attributes:
        scale: Robot size per human size, one for both hands of a motion.
        rotation: (3, 3) A.
        offset: (3,) b [m], robot size.
        residual: RMS distance of the fitted points [m], robot size.
    """

    scale: float
    rotation: np.ndarray
    offset: np.ndarray
    residual: float


def robot_knuckles(model: HandModel) -> dict[str, np.ndarray]:
    """Finger → its knuckle in the robot's hand frame [m], at rest; thumb left out.

    The knuckle is the origin of the joint before the middle joint.
    """
    pose = model.forward(model.rest[None])
    inverse = np.linalg.inv(model.T_base_hand)
    knuckles = {}
    for name, finger in model.spec.fingers.items():
        if name != "thumb":
            middle = model.points([(finger.middle_link, np.zeros(3))]).body[0]
            point = pose.position[0, model.parent[middle]]
            knuckles[name] = inverse[:3, :3] @ point + inverse[:3, 3]
    return knuckles


def hand_scale(model: HandModel, hands: np.ndarray) -> float:
    """Robot size per human size, from finger lengths (knuckle to tip) and palm width.

    Args:
        model: The robot hand.
        hands: (F, 21, 3) frames of human hands [m].

    Raises:
        RetargetError: The human hand has no size.
    """
    lengths = dict(zip(BONES, np.median(bone_lengths(hands), axis=0)))
    pose = model.forward(model.rest[None])
    knuckles = robot_knuckles(model)
    inverse = np.linalg.inv(model.T_base_hand)
    robot, human = [], []
    for name, finger in model.spec.fingers.items():
        if name == "thumb":
            continue
        chain = CHAINS[name]
        human.append(sum(lengths[bone] for bone in zip(chain[1:], chain[2:])))
        at = (
            pose.locate(
                model.points(
                    [(finger.middle_link, np.zeros(3)), (finger.tip_link, np.zeros(3))]
                )
            )[0]
            @ inverse[:3, :3].T
            + inverse[:3, 3]
        )
        middle, tip = at
        # The rest pose is nearly straight, so the chord stands for the length.
        robot.append(
            np.linalg.norm(middle - knuckles[name]) + np.linalg.norm(tip - middle)
        )
    names = list(knuckles)
    if len(names) > 1:
        first, last = names[0], names[-1]
        robot.append(np.linalg.norm(knuckles[first] - knuckles[last]))
        across = hands[:, JOINT[f"{first}_mcp"]] - hands[:, JOINT[f"{last}_mcp"]]
        human.append(np.median(np.linalg.norm(across, axis=1)))
    if not sum(human) > 1e-3:
        raise RetargetError("motion [joints]: the fingers have no length. Fix: metres.")
    return float(sum(robot) / sum(human))


def fit_similarity(
    source: np.ndarray, target: np.ndarray, weight: np.ndarray, scale: float | None
) -> tuple[float, np.ndarray, np.ndarray]:
    """Scale, rotation and offset with target ≈ s A source + b, weighted [Umeyama1991].

    A free scale minimises the error in units of the source, |target / s − …|: errors in
    units of the target would reward a small s.

    Args:
        source: (K, 3).
        target: (K, 3).
        weight: (K,).
        scale: Fixed scale, or None.
    """
    weight = weight / weight.sum()
    mean_s, mean_t = weight @ source, weight @ target
    covariance = ((target - mean_t) * weight[:, None]).T @ (source - mean_s)
    u, d, vt = np.linalg.svd(covariance)
    flip = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * flip) @ vt
    if scale is None:
        scale = float(weight @ ((target - mean_t) ** 2).sum(1) / (d * flip).sum())
    return scale, rotation, mean_t - scale * rotation @ mean_s


def varied_frames(points: np.ndarray, count: int) -> np.ndarray:
    """Indices of up to `count` rows of (T, D) far from each other (farthest point)."""
    if len(points) <= count:
        return np.arange(len(points))
    chosen = [0]
    distance = np.linalg.norm(points - points[0], axis=1)
    while len(chosen) < count:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(
            distance, np.linalg.norm(points - points[chosen[-1]], axis=1)
        )
    return np.sort(np.array(chosen))


def calibrate(
    model: HandModel,
    hand: np.ndarray,
    scale: float | None = None,
    start: Calibration | None = None,
) -> Calibration:
    """Fit one hand, at a given scale or with the scale that fits best.

    Args:
        model: The robot hand.
        hand: (T, 21, 3) joints of the human hand [m], any right-handed frame.
        scale: Robot size per human size; None fits it, near the ratio of lengths.
        start: A fit at a similar scale to start from; saves most of the work.
    """
    frames, wrist = hand_frames(hand, model.spec.side)
    local = np.einsum("tji,tkj->tki", frames, hand - wrist[:, None])
    index = human_points(model)
    chosen = varied_frames(local[:, index].reshape(len(local), -1), POSES)
    human = local[chosen][:, index]  # (F, K, 3)
    count = len(chosen)
    knuckles = robot_knuckles(model)
    robot_knuckle = np.array(list(knuckles.values())).reshape(-1, 3)
    human_knuckle = np.median(
        local[:, [JOINT[f"{name}_mcp"] for name in knuckles]], axis=0
    )
    half = len(index) // 2
    weight = np.concatenate(
        [
            np.tile(np.repeat([1.0, MIDDLE_WEIGHT], half), count),
            np.full(len(knuckles), KNUCKLE_WEIGHT * count),
        ]
    )
    source = np.concatenate([human.reshape(-1, 3), human_knuckle])
    guess = hand_scale(model, hand)
    s, rotation = guess if scale is None else scale, np.eye(3)
    offset = np.mean(robot_knuckle - s * human_knuckle, axis=0)
    if start is not None:
        rotation, offset = start.rotation, start.offset

    z = np.tile(np.concatenate([model.rest, np.zeros(WRIST)]), (count, 1))
    base = NominalBase(np.tile(np.eye(3), (count, 1, 1)), np.zeros((count, 3)))
    points, place = finger_points(model), model.T_base_hand
    inverse = np.linalg.inv(place)
    none = ContactGoals((), np.zeros((count, 0)), np.zeros((count, 0)))
    residual = 0.0
    for round_ in range(ROUNDS if start is None else REFINING_ROUNDS):
        target = (s * human @ rotation.T + offset) @ place[:3, :3].T + place[:3, 3]
        problem = HandProblem(model, base, points, target)
        objective = Objective(
            {model.spec.side: problem}, none, Deviations(), coupled=False
        )
        z, _ = solve_frames(objective, z, 10 if round_ == 0 else 3)
        reached = model.forward(z[:, : len(model.free)]).locate(points)
        reached = reached @ inverse[:3, :3].T + inverse[:3, 3]
        goal = np.concatenate([reached.reshape(-1, 3), robot_knuckle])
        s, rotation, offset = fit_similarity(source, goal, weight, scale)
        if scale is None:
            near = float(np.clip(s, guess / SCALE_RANGE, guess * SCALE_RANGE))
            s, rotation, offset = fit_similarity(source, goal, weight, near)
        error = goal - s * source @ rotation.T - offset
        residual = float(np.sqrt((weight @ (error**2).sum(1)) / weight.sum()))
    return Calibration(s, rotation, offset, residual)


def calibrate_both(
    models: Mapping[str, HandModel], hands: Mapping[str, np.ndarray]
) -> dict[str, Calibration]:
    """Calibrate the present hands with one common scale.

    Two hands at different scales could not keep their distance to each other.

    Args:
        models: side → robot hand.
        hands: side → (T, 21, 3) joints [m].
    """
    free = {side: calibrate(models[side], hands[side]) for side in hands}
    if len(free) == 1:
        return free
    scale = float(np.exp(np.mean([np.log(c.scale) for c in free.values()])))
    return {
        side: calibrate(models[side], hands[side], scale, free[side]) for side in hands
    }


def calibration_poses(side: int, count: int = POSES) -> np.ndarray:
    """Joints of an average human hand in spread-out poses, (count, 21, 3) [m].

    Fingers bend all together, one by one, and at random between; enough to say how big a
    robot hand is and how it lies in its frame before any motion is known.

    Args:
        side: 0 left, 1 right.
        count: Poses.
    """
    generator = np.random.default_rng(0)
    share = np.clip(generator.normal(0.35, 0.35, (count, 5, 1)), 0.0, 0.9)
    share[:5] = 0.0
    share[5:10] = np.eye(5)[:, :, None] * 0.8
    angles = np.zeros((count, 5, 5))
    angles[..., [1, 3, 4]] = share * UPPER[:, [1, 3, 4]]
    angles[..., 0] = generator.uniform(-0.4, 0.4, (count, 5)) * UPPER[:, 0]
    points, _ = shape_points(DEFAULT_SHAPE, angles)
    return to_joints(points, np.eye(3), np.zeros(3), side)


def calibrate_robot(robot: RobotSpec) -> dict[str, Calibration]:
    """How an average human hand is laid over each hand of a robot."""
    models = {side: hand_model(robot.hands[side]) for side in SIDES}
    return calibrate_both(
        models, {side: calibration_poses(k) for k, side in enumerate(SIDES)}
    )

"""Which handshapes stay readable on a robot hand.

Each recorded handshape is laid over the robot by the calibration that retargeting uses,
and the robot takes the pose that comes nearest to it. It stays readable if that pose,
at human size and judged by the fingers the robot has, is nearer to its own handshape than
to any other by a margin. Handshapes that are hardly told apart on the human hand itself, or
share a name, count as one.

`python -m retarget.handshapes poses.jsonl shadow …` measures them, for the left hand of
the recording and for its mirror image, and adds them to `capability.json`.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handx_gen import npz
from handx_gen.skeleton import HANDX_FROM_MEDIAPIPE, SIDES, WEBXR_TO_MEDIAPIPE
from retarget.calibration import calibrate
from retarget.configuration import HandModel, hand_model
from retarget.correspondence import finger_points, human_points
from retarget.errors import RetargetError
from retarget.placement import hand_frames
from robots.capability import FILE_NAME, read_capability
from robots.robot import RobotSpec

TWINS = 0.008
"""Handshapes whose tips and middle joints differ by less (RMS) are one [m]."""
STARTS, ITERATIONS = 6, 60
POSTURE = 1e-3
"""Pull to the rest pose, as a length per radian [m/rad]."""


@dataclass(frozen=True, eq=False)
class Handshapes:
    """Recorded static poses of a left hand.

    Attributes:
        names: Of each shape, the first one first.
        joints: (N, 21, 3) HandX order [m].
    """

    names: tuple[tuple[str, ...], ...]
    joints: np.ndarray


def read_handshapes(path: str | Path) -> Handshapes:
    """Read poses as handy.js writes them: one JSON object per line, 25 WebXR joints [mm].

    Raises:
        RetargetError: Names the file and the line that cannot be used.
    """
    names, poses = [], []
    for number, line in enumerate(Path(path).read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            points = np.array(row["jointPositions"], float) / 1000
            if row["handedness"] != "left" or points.shape != (25, 3):
                raise ValueError("not 25 joints of a left hand")
            if not np.isfinite(points).all():
                raise ValueError("NaN")
            names.append(tuple(str(name) for name in row["names"]))
        except (ValueError, KeyError, TypeError) as error:
            raise RetargetError(f"{path} line {number}: {error}") from None
        poses.append(points[WEBXR_TO_MEDIAPIPE][HANDX_FROM_MEDIAPIPE])
    if len(poses) < 2:
        raise RetargetError(f"{path}: needs at least two handshapes")
    return Handshapes(tuple(names), np.array(poses))


def margins(model: HandModel, shapes: Handshapes) -> np.ndarray:
    """(N,) how much nearer each robot pose is to its own handshape than to others [m].

    Args:
        model: The robot hand; a right one sees the shapes mirrored.
        shapes: Of left hands.
    """
    joints = shapes.joints * ([-1, 1, 1] if model.spec.side == "right" else [1, 1, 1])
    fit = calibrate(model, joints)
    frames, wrist = hand_frames(joints, model.spec.side)
    local = np.einsum("tji,tkj->tki", frames, joints - wrist[:, None])
    human = local[:, human_points(model)]  # (N, K, 3)
    place = model.T_base_hand
    target = (fit.scale * human @ fit.rotation.T + fit.offset) @ place[:3, :3].T
    reached = _nearest(model, target + place[:3, 3])
    robot = (reached - place[:3, 3]) @ place[:3, :3]
    robot = (robot - fit.offset) @ fit.rotation / fit.scale
    apart = np.sqrt(((robot[:, None] - human[None]) ** 2).sum(-1).mean(-1))  # (N, N)
    own = np.diag(apart)
    return np.where(_twins(shapes, local), np.inf, apart).min(1) - own


def _twins(shapes: Handshapes, local: np.ndarray) -> np.ndarray:
    """(N, N) bool, shapes that count as one; all of a human hand's joints are compared."""
    apart = np.sqrt(((local[:, None] - local[None]) ** 2).sum(-1).mean(-1))
    named = [[bool(set(a) & set(b)) for b in shapes.names] for a in shapes.names]
    return (apart < TWINS) | np.array(named)


def _nearest(model: HandModel, target: np.ndarray) -> np.ndarray:
    """(N, K, 3) points of the poses nearest to targets, over several starts."""
    points = finger_points(model)
    generator = np.random.default_rng(0)
    count = len(target)
    at = generator.uniform(0.05, 0.95, (STARTS, 1, len(model.lower)))
    start = model.lower + at * (model.upper - model.lower)
    start[0] = model.rest
    q = np.broadcast_to(start, (STARTS, count, len(model.lower))).reshape(
        -1, len(model.lower)
    )
    goal = np.tile(target, (STARTS, 1, 1))
    damping = np.full(len(q), 1e-2)

    def cost(angles: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        pose = model.forward(angles)
        where = pose.locate(points)
        off = where - goal
        value = (off**2).sum((1, 2)) + POSTURE**2 * ((angles - model.rest) ** 2).sum(1)
        jacobian = model.jacobian(pose, points.body, where)
        return value, off, jacobian

    value, off, jacobian = cost(q)
    for _ in range(ITERATIONS):
        flat = jacobian.reshape(len(q), -1, q.shape[1])
        gradient = np.einsum("tkm,tk->tm", flat, off.reshape(len(q), -1))
        gradient += POSTURE**2 * (q - model.rest)
        held = ((q <= model.lower) & (gradient > 0)) | (
            (q >= model.upper) & (gradient < 0)
        )
        hessian = flat.swapaxes(1, 2) @ flat
        hessian = hessian * (~held[:, :, None] & ~held[:, None])
        size = np.einsum("tmm->tm", hessian).mean(1) + POSTURE**2
        hessian += ((damping * size)[:, None] + held)[..., None] * np.eye(q.shape[1])
        step = np.linalg.solve(hessian, np.where(held, 0, -gradient)[..., None])[..., 0]
        trial = np.clip(q + step, model.lower, model.upper)
        better = cost(trial)
        took = better[0] < value
        q = np.where(took[:, None], trial, q)
        value = np.where(took, better[0], value)
        off = np.where(took[:, None, None], better[1], off)
        jacobian = np.where(took[:, None, None, None], better[2], jacobian)
        damping = np.where(took, np.maximum(damping / 3, 1e-6), damping * 5)
    best = value.reshape(STARTS, count).argmin(0)
    chosen = q.reshape(STARTS, count, -1)[best, np.arange(count)]
    return model.forward(chosen).locate(points)


def add_to_capability(robot: RobotSpec, shapes: Handshapes) -> Path:
    """Measure both hands and write the margins into the robot's capability.json.

    Raises:
        RetargetError: The capability has not been measured yet.
    """
    path = robot.folder / FILE_NAME
    if read_capability(robot) is None:
        raise RetargetError(
            f"{path}: missing. Fix: python -m retarget.capability {robot.name}"
        )
    content = json.loads(path.read_text("utf-8"))
    content["handshapes"] = {
        side: {
            names[0]: round(1000 * float(margin), 2)
            for names, margin in zip(
                shapes.names,
                margins(hand_model(robot.hands[side]), shapes),
                strict=True,
            )
        }
        for side in SIDES
    }
    content["handshapes_measured_by"] = (
        f"python -m retarget.handshapes handy-poses-left.jsonl {robot.name}"
    )
    npz.write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return path


def main(words: Sequence[str]) -> None:
    """Measure the robots named after the file of poses."""
    from robots.registry import load_robot

    shapes = read_handshapes(words[0])
    for name in words[1:]:
        add_to_capability(load_robot(name), shapes)


if __name__ == "__main__":
    main(sys.argv[1:])

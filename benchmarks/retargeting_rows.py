"""The two sides of the retargeting benchmark: what each did, and its figures."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import retargeting_measure as measure
from retargeting_clip import FPS, R_CANONICAL_OPERATOR
from retargeting_dex import ROBOTS, Dex, Setup, configuration, low_pass
from retargeting_measure import Played, Vendor
from retargeting_skin import grown_floors

from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import FINGERS, JOINT, SIDES, TIP_INDEX
from retarget.clip import CENTRE
from retarget.configuration import hand_model
from retarget.online import OnlineRetargeter
from retarget.placement import R_WORLD_CANONICAL, place
from retarget.rotations import matrix_from_quaternion
from retarget.trajectory import BimanualTrajectory
from retarget.vector import VectorSolver
from robots import load_robot
from robots.robot import RobotSpec

CHUNK = 27
"""Frames that one side solves before the other has its turn."""


def interleaved(
    dex: Dex,
    name: str,
    unscaled: np.ndarray,
    vectors: np.ndarray,
    solvers: dict[str, VectorSolver],
) -> tuple[np.ndarray, dict[str, float], dict[str, np.ndarray]]:
    """Both sides solve the same vectors in turns.

    Returns:
        dex-retargeting's joints (T, n), CPU seconds per frame of each side, and the
        joints of each of our solvers.
    """
    answers, seconds = [], {"dex": 0.0, **dict.fromkeys(solvers, 0.0)}
    ours: dict[str, list[np.ndarray]] = {key: [] for key in solvers}
    for start in range(0, len(vectors), CHUNK):
        joints, spent = dex.solve(name, unscaled[start : start + CHUNK])
        answers.append(joints)
        seconds["dex"] += spent.sum()
        for key, solver in solvers.items():
            for target in vectors[start : start + CHUNK]:
                began = time.process_time()
                q = solver.solve(target)
                seconds[key] += time.process_time() - began
                ours[key].append(q)
    return (
        np.concatenate(answers),
        {key: value / len(vectors) for key, value in seconds.items()},
        {key: np.array(value) for key, value in ours.items()},
    )


def mean_cost(solver: VectorSolver, joints: np.ndarray, vectors: np.ndarray) -> float:
    """Mean `vector` cost of a sequence of answers, each priced by the one before."""
    last = np.concatenate([joints[:1], joints[:-1]])
    rows = zip(joints, last, vectors, strict=True)
    return float(np.mean([solver.cost(q, before, v) for q, before, v in rows]))


class Side:
    """dex-retargeting on one hand of one robot, and the same cost solved by ours."""

    def __init__(
        self, dex: Dex, robot: RobotSpec, vendor: Vendor, hand: np.ndarray
    ) -> None:
        spec = vendor.spec
        side = spec.side
        name = f"{robot.name}-{side}"
        config = configuration(robot.name, side)
        self.setup: Setup = dex.load(name, config)
        self.turn = np.eye(3)  # operator frame → root link
        if robot.name == "inspire":
            frame = hand_model(spec).T_base_hand[:3, :3]
            own = np.stack([-frame[:, 2], -frame[:, 0], frame[:, 1]], 1)
            self.turn = vendor.T_own_vendor[:3, :3].T @ own
        s = self.setup
        unscaled = s.vectors(hand) @ self.turn.T  # the library scales them itself
        vectors = s.scale * unscaled
        urdf = ROBOTS / s.urdf
        solvers = {
            "compiled": VectorSolver(urdf, s.origins, s.tasks, compiled=True),
            "plain": VectorSolver(urdf, s.origins, s.tasks, compiled=False),
        }
        for solver in solvers.values():
            _widen(solver)
            start = solver.q
            solver.solve(vectors[0])  # compiled code is loaded
            solver.q = start
        joints, self.seconds, ours = interleaved(dex, name, unscaled, vectors, solvers)
        reader = solvers["plain"]
        actuated = joints[:, [s.joints.index(n) for n in reader.joint_names]]
        self.cost = {"dex": mean_cost(reader, actuated, vectors)}
        self.cost |= {k: mean_cost(reader, q, vectors) for k, q in ours.items()}
        order = [s.joints.index(n) for n in spec.joint_names]
        self.raw = joints[:, order]
        self.filtered = low_pass(joints, s.alpha)[:, order]


def _widen(solver: VectorSolver) -> None:
    """Give a solver dex-retargeting's box: a joint's own limits, whatever its mimics say.

    Costs would not be equal otherwise; what this breaks shows in the violations.
    """
    model = solver.plain.model
    index = [model.joints[model.getJointId(n)].idx_q for n in solver.joint_names]
    solver.lower[:] = model.lowerPositionLimit[index]
    solver.upper[:] = model.upperPositionLimit[index]


def play_dex(
    sides: dict[str, Side],
    motion: BimanualMotion,
    vendors: dict[str, Vendor],
    kind: str,
) -> Played:
    """dex-retargeting's hands in world: each wrist where the human's is, at its scale.

    The link that its vectors start from is put on the scaled human wrist in every frame,
    so that an answer without error would keep every distance between the hands.
    """
    world = place(motion)
    joints, roots = {}, {}
    for index, side in enumerate(SIDES):
        own = sides[side]
        scale = own.setup.scale
        joints[side] = getattr(own, kind)
        turn = R_WORLD_CANONICAL @ R_CANONICAL_OPERATOR[side] @ own.turn.T
        wrist = (world[:, index, JOINT["wrist"]] - CENTRE) * scale + CENTRE
        origin = vendors[side].links(joints[side], own.setup.origins[:1])[:, 0]
        root = np.tile(np.eye(4), (len(wrist), 1, 1))
        root[:, :3, :3] = turn
        root[:, :3, 3] = wrist - origin @ turn.T
        roots[side] = root
    return Played(joints, roots, sides["left"].setup.scale)


def play_ours(
    trajectory: BimanualTrajectory, vendors: dict[str, Vendor], frames: int
) -> Played:
    """Our trajectory at the recording's frames."""
    source = trajectory.source_time
    _, first = np.unique(source, return_index=True)
    times = np.interp(
        np.arange(frames) / FPS, source[first], trajectory.time_from_start[first]
    )
    base, _ = trajectory.sample_base(times)
    joints, roots = {}, {}
    for index, side in enumerate(SIDES):
        joints[side] = trajectory.hands[side].sample(times)[0]
        pose = np.tile(np.eye(4), (frames, 1, 1))
        pose[:, :3, :3] = matrix_from_quaternion(base[:, index, :4])
        pose[:, :3, 3] = base[:, index, 4:]
        roots[side] = pose @ vendors[side].T_own_vendor
    scale = trajectory.provenance["calibration"]["left"]["scale"]
    return Played(joints, roots, scale)


def contact_figures(
    robot: RobotSpec, motion: BimanualMotion, vendors: dict[str, Vendor], played: Played
) -> dict[str, float]:
    """Pinches and touches between the hands."""
    human = motion.joints[:, :, TIP_INDEX].astype(float)
    fingers = list(robot.hands["left"].fingers)
    index = [FINGERS.index(name) for name in fingers]
    pads = {s: vendors[s].pad_points(played.joints[s], played.root[s]) for s in SIDES}
    radius = {s: np.array(vendors[s].radius) for s in SIDES}
    pinch, floors = [], []
    known = grown_floors(load_robot(robot.name), robot)
    for h, side in enumerate(SIDES):
        others = np.arange(1, len(fingers))
        thumb = np.repeat(pads[side][:, :1], len(others), 1)
        distance = np.linalg.norm(human[:, h, index[1:]] - human[:, h, :1], axis=-1)
        pinch.append(
            measure.contact_errors(
                np.stack([thumb, pads[side][:, 1:]]), radius[side][0] + radius[side][1:],
                distance, measure.PINCH, played.scale,
            )
        )  # fmt: skip
        gap = distance - 2 * measure.HUMAN_PAD
        wanted = np.where(gap <= measure.CLOSED, 0.0, played.scale * gap)
        least = np.array(
            [known.get(f"{side}.thumb_tip|{side}.{f}_tip", 0.0) for f in fingers[1:]]
        )
        floors.append(np.maximum(least - wanted, 0.0)[distance < measure.PINCH])
    a, b = np.meshgrid(np.arange(len(fingers)), np.arange(len(fingers)), indexing="ij")
    a, b = a.ravel(), b.ravel()
    left, right = human[:, 0][:, index], human[:, 1][:, index]
    inter = measure.contact_errors(
        np.stack([pads["left"][:, a], pads["right"][:, b]]),
        radius["left"][a] + radius["right"][b],
        np.linalg.norm(left[:, a] - right[:, b], axis=-1), measure.TOUCH, played.scale,
    )  # fmt: skip
    joined = [np.concatenate(x) for x in zip(*pinch)]
    return {
        "pinch": 1000 * joined[0].mean(), "pinch_distance": 1000 * joined[2].mean(),
        "pinch_count": len(joined[0]), "floor": 1000 * np.concatenate(floors).mean(),
        "inter": 1000 * inter[0].mean(), "recall": inter[1].mean(),
        "inter_distance": 1000 * inter[2].mean(), "inter_count": len(inter[0]),
    }  # fmt: skip


def common_figures(
    robot: RobotSpec, motion: BimanualMotion, vendors: dict[str, Vendor], played: Played
) -> dict[str, float]:
    """Figures that need no more than what the hands did at the recording's frames."""
    frames, worst = measure.penetrating_frames(vendors, played)
    joints = [played.joints[side] for side in SIDES]
    actuated = [robot.hands[side].actuated_index for side in SIDES]
    return {
        **contact_figures(robot, motion, vendors, played),
        "jerk": measure.jerk(
            np.concatenate([q[:, k] for q, k in zip(joints, actuated)], 1), FPS
        ),
        "penetrating": frames, "deepest": 1000 * worst,
    }  # fmt: skip


def dex_figures(
    robot: RobotSpec,
    motion: BimanualMotion,
    vendors: dict[str, Vendor],
    sides: dict[str, Side],
    kind: str,
    hands: dict[str, np.ndarray],
) -> dict[str, float]:
    """A row of dex-retargeting; joints run straight from frame to frame."""
    played = play_dex(sides, motion, vendors, kind)
    errors, position, velocity, lags = [], 0, 0, []
    for side in SIDES:
        s, spec, q = sides[side].setup, robot.hands[side], played.joints[side]
        tips = len(spec.fingers)
        links = vendors[side].links(q, s.tasks[:tips] + s.origins[:tips])
        wanted = s.scale * s.vectors(hands[side])[:, :tips] @ sides[side].turn.T
        reached = links[:, :tips] - links[:, tips:]
        errors.append(np.linalg.norm(reached - wanted, axis=-1) / s.scale)
        lags.append(measure.lag(reached, wanted))
        position += int(((q < spec.lower - 1e-9) | (q > spec.upper + 1e-9)).sum())
        fast = measure.speeds(q, FPS) > spec.velocity_limit + 1e-6
        velocity += int(fast.sum())
    return {
        "tip": 1000 * float(np.mean(errors)),
        "position": position, "velocity": velocity,
        "lag": max(lags, key=abs),
        **common_figures(robot, motion, vendors, played),
    }  # fmt: skip


def offline_figures(
    robot: RobotSpec,
    motion: BimanualMotion,
    vendors: dict[str, Vendor],
    trajectory: BimanualTrajectory,
) -> dict[str, float]:
    """A row of the offline mode; limits are checked where the spline has its extrema."""
    played = play_ours(trajectory, vendors, len(motion))
    position = velocity = 0
    for side in SIDES:
        spec, hand = robot.hands[side], trajectory.hands[side]
        low, high, speed = hand.extrema()
        position += int(((low < spec.lower - 1e-9) | (high > spec.upper + 1e-9)).sum())
        velocity += int((speed > spec.velocity_limit + 1e-6).sum())
    return {
        "position": position,
        "velocity": velocity,
        **_tip_figures(motion, vendors, played),
        **common_figures(robot, motion, vendors, played),
    }


def online_figures(
    robot: RobotSpec, motion: BimanualMotion, vendors: dict[str, Vendor]
) -> dict[str, float]:
    """A row of the online mode, which sees one frame after the other and no calibration.

    Joints run straight from command to command, as dex-retargeting's.
    """
    live = OnlineRetargeter(robot)
    live.step(motion.joints[0], 0.0)  # compiled code is loaded, the first pose is rest
    live = OnlineRetargeter(robot)
    commands, seconds = [], []
    for t, frame in enumerate(motion.joints):
        began = time.process_time()
        commands.append(live.step(frame, t / motion.fps))
        seconds.append(time.process_time() - began)
    joints, roots, position, velocity = {}, {}, 0, 0
    for side in SIDES:
        spec = robot.hands[side]
        q = joints[side] = np.array([c.positions[side] for c in commands])
        base = np.array([c.T_world_base[side] for c in commands])
        roots[side] = base @ vendors[side].T_own_vendor
        position += int(((q < spec.lower - 1e-9) | (q > spec.upper + 1e-9)).sum())
        fast = measure.speeds(q, motion.fps) > spec.velocity_limit + 1e-6
        velocity += int(fast.sum())
    played = Played(joints, roots, live.scale)
    return {
        "position": position,
        "velocity": velocity,
        "online_ms": 1000 * float(np.median(seconds[1:])),
        **_tip_figures(motion, vendors, played, live.shift),
        **common_figures(robot, motion, vendors, played),
    }


def _tip_figures(
    motion: BimanualMotion,
    vendors: dict[str, Vendor],
    played: Played,
    shift: np.ndarray | None = None,
) -> dict[str, float]:
    """Fingertips against the human's at robot size, in world.

    Args:
        motion: The human hands.
        vendors: The hands.
        played: What they did.
        shift: (3,) how the canonical frame was moved, turned to world; by default as
            `place` does.
    """
    world = place(motion)
    if shift is not None:
        world = motion.joints.astype(float) @ R_WORLD_CANONICAL.T + shift
    errors, lags = [], []
    for index, side in enumerate(SIDES):
        target = (world[:, index] - CENTRE) * played.scale + CENTRE
        fingers = [FINGERS.index(name) for name in vendors[side].spec.fingers]
        pads = vendors[side].pad_points(played.joints[side], played.root[side])
        wanted = target[:, TIP_INDEX][:, fingers]
        errors.append(np.linalg.norm(pads - wanted, axis=-1) / played.scale)
        lags.append(measure.lag(pads, wanted))
    return {"tip": 1000 * float(np.mean(errors)), "lag": max(lags, key=abs)}

"""Retargeting beside dex-retargeting 0.5.0: `python benchmarks/retargeting.py`.

One interleaved run, CPU time, a webcam recording at its own clock as a two-hand clip
(`retargeting_clip`), every figure measured for both sides by `retargeting_measure` on the
vendors' descriptions. All figures of a row come from one trajectory. dex-retargeting runs
in an environment of its own that is made on first use (`retargeting_dex`).
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import retargeting_measure as measure
from retargeting_clip import (
    FPS,
    R_CANONICAL_OPERATOR,
    operator_hands,
    recording,
    two_hands,
)
from retargeting_dex import ROBOTS, URDF, Dex, Setup, configuration, low_pass
from retargeting_measure import Played, Vendor
from retargeting_skin import with_hull_skin

from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import FINGERS, JOINT, TIP_INDEX
from retarget import RetargetOptions, retarget_motion
from retarget.clip import CENTRE
from retarget.configuration import hand_model
from retarget.placement import R_WORLD_CANONICAL, place
from retarget.vector import VectorSolver
from robots import load_robot
from robots.capability import read_capability
from robots.robot import RobotSpec

SIDES = ("left", "right")
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


def play_ours(trajectory, vendors: dict[str, Vendor], frames: int) -> Played:
    """Our trajectory at the recording's frames."""
    from retarget.rotations import matrix_from_quaternion

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
    known, plain = read_capability(robot), load_robot(robot.name)
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
            [
                known.floors.get(f"{side}.thumb_tip|{side}.{f}_tip", 0.0)
                if known
                else 0
                for f in fingers[1:]
            ]
        )
        thinner = [finger.pad_radius for finger in plain.hands[side].fingers.values()]
        grown = radius[side] - thinner
        least = np.maximum(least - grown[0] - grown[1:], 0.0)
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


def our_figures(
    robot: RobotSpec, motion: BimanualMotion, vendors: dict[str, Vendor], trajectory
) -> dict[str, float]:  # fmt: skip
    """A row of ours; limits are checked where the spline has its extrema."""
    played = play_ours(trajectory, vendors, len(motion))
    world = place(motion)
    errors, position, velocity, lags = [], 0, 0, []
    for index, side in enumerate(SIDES):
        spec, hand = robot.hands[side], trajectory.hands[side]
        target = (world[:, index] - CENTRE) * played.scale + CENTRE
        fingers = [FINGERS.index(name) for name in spec.fingers]
        pads = vendors[side].pad_points(played.joints[side], played.root[side])
        wanted = target[:, TIP_INDEX][:, fingers]
        errors.append(np.linalg.norm(pads - wanted, axis=-1) / played.scale)
        lags.append(measure.lag(pads, wanted))
        low, high, speed = hand.extrema()
        position += int(((low < spec.lower - 1e-9) | (high > spec.upper + 1e-9)).sum())
        velocity += int((speed > spec.velocity_limit + 1e-6).sum())
    return {
        "tip": 1000 * float(np.mean(errors)),
        "position": position, "velocity": velocity,
        "lag": max(lags, key=abs),
        **common_figures(robot, motion, vendors, played),
    }  # fmt: skip


COLUMNS = (
    ("tip", "tip mm", ".2f"), ("pinch", "pinch mm", ".2f"),
    ("pinch_distance", "(tip dist.)", ".2f"), ("inter", "between mm", ".2f"),
    ("inter_distance", "(tip dist.)", ".2f"), ("recall", "recall", ".1%"),
    ("jerk", "jerk", ".0f"), ("position", "pos. viol.", ".0f"),
    ("velocity", "vel. viol.", ".0f"), ("penetrating", "frames >1 mm", ".0f"),
    ("deepest", "deepest mm", ".1f"), ("lag", "lag", ".0f"),
)  # fmt: skip


def targets(robot: str, raw: dict, filtered: dict, ours: dict, speed: dict) -> list:
    """(name, ratio or value, bound, whether smaller is asked for) of every target."""
    small = robot == "inspire"
    rows = [
        ("speed, compiled", speed["compiled"], 50.0, False),
        ("speed, plain", speed["plain"], 5.0, False),
        ("cost, compiled", speed["cost"], 1.005, True),
        ("tip", ours["tip"] / raw["tip"], 0.8 if small else 0.45, True),
        ("inter-hand", ours["inter"] / raw["inter"], 0.3 if small else 0.15, True),
        ("inter-hand recall", ours["recall"], 0.85 if small else 0.93, False),
        ("jerk / filtered", ours["jerk"] / filtered["jerk"], 1.0, True),
        ("position violations", ours["position"], 0, True),
        ("velocity violations", ours["velocity"], 0, True),
        ("penetrating frames", ours["penetrating"] / max(raw["penetrating"], 1), 0.1, True),
        ("lag", abs(ours["lag"]), 0, True),
    ]  # fmt: skip
    if small:
        rows.append(("pinch / floor", ours["pinch"] / ours["floor"], 1.2, True))
    else:
        rows.append(("pinch", ours["pinch"] / raw["pinch"], 0.3, True))
    return rows


def run(dex: Dex, name: str, hand: np.ndarray) -> dict:
    """All rows of one robot."""
    robot, motion = load_robot(name), two_hands(hand)
    hands = operator_hands(hand)
    vendors = {
        side: Vendor(robot.hands[side], ROBOTS / URDF[name].format(side))
        for side in SIDES
    }
    robot = with_hull_skin(robot, vendors)
    for side in SIDES:
        vendors[side] = Vendor(robot.hands[side], ROBOTS / URDF[name].format(side))
    sides = {side: Side(dex, robot, vendors[side], hands[side]) for side in SIDES}
    rows = {
        "vector": dex_figures(robot, motion, vendors, sides, "raw", hands),
        "vector, filtered": dex_figures(
            robot, motion, vendors, sides, "filtered", hands
        ),
    }
    retarget_motion(motion_start(motion), robot)  # compiled code is loaded
    began = time.process_time()
    trajectory, _ = retarget_motion(motion, robot, RetargetOptions(max_stretch=1.0))
    spent = time.process_time() - began
    rows["handx offline"] = our_figures(robot, motion, vendors, trajectory)
    seconds = [sides[side].seconds for side in SIDES]
    speed = {
        key: min(s["dex"] / s[key] for s in seconds) for key in ("compiled", "plain")
    }
    speed["cost"] = max(
        sides[side].cost["compiled"] / sides[side].cost["dex"] for side in SIDES
    )
    return {
        "rows": rows, "speed": speed, "offline_cpu_s": spent,
        "dex_ms": 1000 * float(np.mean([s["dex"] for s in seconds])),
        "compiled_ms": 1000 * float(np.mean([s["compiled"] for s in seconds])),
        "plain_ms": 1000 * float(np.mean([s["plain"] for s in seconds])),
        "cost": {side: sides[side].cost for side in SIDES},
        "targets": targets(
            name, rows["vector"], rows["vector, filtered"], rows["handx offline"], speed
        ),
    }  # fmt: skip


def motion_start(motion: BimanualMotion) -> BimanualMotion:
    """The first frames of a motion."""
    return BimanualMotion(motion.joints[:20], motion.fps)


def show(name: str, result: dict) -> None:
    """Print one robot's rows and targets."""
    print(
        f"\n{name}: dex-retargeting {result['dex_ms']:.2f} ms a frame and hand, ours "
        f"{result['compiled_ms']:.3f} ms compiled, {result['plain_ms']:.2f} ms plain at "
        f"the same cost; both hands offline {result['offline_cpu_s']:.1f} s"
    )
    print(f"{'':18}" + "".join(f"{title:>13}" for _, title, _ in COLUMNS))
    for label, row in result["rows"].items():
        cells = "".join(f"{format(row[key], form):>13}" for key, _, form in COLUMNS)
        print(f"{label:18}{cells}")
    row = result["rows"]["handx offline"]
    print(
        f"{row['pinch_count']} pinch samples (floor {row['floor']:.2f} mm), "
        f"{row['inter_count']} samples between the hands"
    )
    for label, value, bound, least in result["targets"]:
        met = value <= bound if least else value >= bound
        sign = "≤" if least else "≥"
        print(f"  {'yes' if met else 'NO ':4}{label:22}{value:8.3f}  {sign} {bound:g}")


def main() -> None:
    """Print the tables; optionally write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--robots", default="shadow,allegro,leap,inspire")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    dex, hand, results = Dex(), recording(), {}
    try:
        for name in options.robots.split(","):
            results[name] = run(dex, name, hand)
            show(name, results[name])
            sys.stdout.flush()
    finally:
        dex.close()
    if options.json:
        options.json.write_text(json.dumps(results, indent=1, default=float))


if __name__ == "__main__":
    main()

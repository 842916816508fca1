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
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from retargeting_clip import operator_hands, recording, two_hands
from retargeting_dex import ROBOTS, URDF, Dex
from retargeting_measure import Vendor
from retargeting_rows import Side, dex_figures, offline_figures, online_figures
from retargeting_skin import grown_floors, with_hull_skin

from handx_gen.motion import BimanualMotion
from handx_gen.skeleton import SIDES
from retarget import RetargetOptions, retarget_motion
from robots import load_robot
from robots.robot import RobotSpec

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
    options = RetargetOptions(
        max_stretch=1.0, floors=grown_floors(load_robot(name), robot)
    )
    began = time.process_time()
    trajectory, _ = retarget_motion(motion, robot, options)
    spent = time.process_time() - began
    rows["handx offline"] = offline_figures(robot, motion, vendors, trajectory)
    rows["handx online"] = online_figures(robot, motion, vendors)
    if name == "inspire":
        # The speed in its URDF is a placeholder; the row shows what it would mean.
        slow = at_urdf_speed(robot)
        trajectory, _ = retarget_motion(motion, slow, options)
        rows["offline, 0.5 rad/s"] = offline_figures(slow, motion, vendors, trajectory)
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


def at_urdf_speed(robot: RobotSpec) -> RobotSpec:
    """The robot held to the joint speeds that its URDF states, coupled joints too."""
    hands = {}
    for side, hand in robot.hands.items():
        factor = np.abs(hand.expansion[0])  # (n, m)
        allowed = np.where(factor > 0, hand.velocity_limit_urdf[:, None], np.inf)
        driven = (allowed / np.maximum(factor, 1e-9)).min(0)
        hands[side] = replace(hand, velocity_limit=factor @ driven)
    return replace(robot, hands=hands)


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
    print(f"{'':19}" + "".join(f"{title:>13}" for _, title, _ in COLUMNS))
    for label, row in result["rows"].items():
        cells = "".join(f"{format(row[key], form):>13}" for key, _, form in COLUMNS)
        print(f"{label:19}{cells}")
    row = result["rows"]["handx offline"]
    online = result["rows"]["handx online"]["online_ms"]
    print(
        f"online: {online:.2f} ms a frame for both hands, median; targets are offline's"
    )
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

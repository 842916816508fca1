"""Print the servo gains that a robot's inertia asks for, for its hand.toml.

    python -m benchmarks.servo_gains [robot …]

Where the sides differ the larger figure is taken.
"""

import sys

import numpy as np

from robots import load_robot
from sim.servo_design import design_gains


def main(names: list[str]) -> None:
    """Print one line per joint, and the source line."""
    for name in names:
        robot = load_robot(name)
        designs = [design_gains(robot, side) for side in robot.hands]
        kp = np.max([d.kp for d in designs], axis=0)
        kv = np.max([d.kv for d in designs], axis=0)
        hand = next(iter(robot.hands.values()))
        print(f"{robot.title}: {designs[0].source}")
        for joint, p, v, p0, v0 in zip(
            hand.actuated, kp, kv, hand.gains.kp, hand.gains.kv
        ):
            print(f"  {joint:32} kp = {p:g}, kv = {v:g}   (now {p0:g}, {v0:g})")


if __name__ == "__main__":
    main(sys.argv[1:] or ["shadow", "inspire"])

"""Servo gains: the identification of every hand and body, before and after.

    python -m benchmarks.servo_gains [robot …]

One table per robot: tracking of a chirp, overshoot of a step and saturation with the gains
of its hand.toml and with those that the identification asks for, then each joint's gains.
Where the two sides of a hand differ the larger figure is shown; of the left and right arm,
whose joints have the same names but for the side, the larger goes into hand.toml for both.
"""

import sys

import numpy as np

from robots import RobotSpec, load_robot
from robots.hand import HandSpec
from sim.servo_identification import Trial, identify

ROBOTS = ("shadow", "inspire", "allegro", "leap", "dex3", "g1-inspire", "g1-dex3")


def main(names: list[str]) -> None:
    """Print one table per robot."""
    for name in names:
        robot = load_robot(name)
        print(f"\n{robot.title}")
        print(f"{'':12}{'chirp error, worst joint [rad]':>34}{'overshoot':>12}"
              f"{'saturated':>12}{'good':>7}")  # fmt: skip
        chains = robot.chains if robot.body is None else (robot.body.chain,)
        if robot.body is not None:
            print("  (the hands are those of the robot named in its hand.toml)")
        for chain in chains:
            report(robot, chain)


def report(robot: RobotSpec, chain: HandSpec) -> None:
    """Rows of one hand or body."""
    gains, now, after = identify(robot, chain.side)
    row(f"{chain.side}, now", now)
    if after is now:
        print("  these gains are good and stay")
        return
    row(f"{chain.side}, after", after)
    print(f"  {gains.source}")
    kp, kv = alike(chain, gains.kp), alike(chain, gains.kv)
    for i, joint in enumerate(chain.actuated):
        print(f"  {joint:32} kp = {kp[i]:g}, kv = {kv[i]:g}   (now "
              f"{chain.gains.kp[i]:g}, {chain.gains.kv[i]:g}; chirp error "
              f"{now.error[i]:.4f} -> {after.error[i]:.4f} rad)")  # fmt: skip


def row(name: str, trial: Trial) -> None:
    """One line of the table."""
    print(f"{name:12}{trial.error.max():34.4f}{trial.overshoot:12.1%}"
          f"{trial.saturated:12.1%}{'yes' if trial.good else 'no':>7}")  # fmt: skip


def alike(chain: HandSpec, values: np.ndarray) -> np.ndarray:
    """The larger value of joints whose names differ by "left" and "right" only."""
    names = [joint.replace("left_", "right_") for joint in chain.actuated]
    return np.array(
        [max(v for n, v in zip(names, values) if n == own) for own in names]
    )


if __name__ == "__main__":
    main(sys.argv[1:] or list(ROBOTS))

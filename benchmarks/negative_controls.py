"""Table of the negative controls: what each broken trajectory fails.

    python -m benchmarks.negative_controls [robot …]

Two clips per robot: one with contacts within the hands, one with a contact between
them, which is the one whose wrists can be brought too close.
"""

import sys

from handx_gen.procedural import perform
from retarget import retarget_motion
from retarget.trajectory import BimanualTrajectory
from robots import RobotSpec, load_robot
from sim.checks import run_checks
from sim.negative_controls import CONTROLS
from sim.playback import play, play_kinematic
from sim.validation import unreachable_contacts

ROBOTS = ("shadow", "inspire", "allegro", "leap", "dex3", "g1-inspire", "g1-dex3")
CLIPS = {
    "": "touch the thumb to the index finger with both hands",
    "contact": "touch the thumb to the index finger with both hands",
    "contact between the hands": "touch the left index finger to the right index finger",
}
"""What a control needs → a request that has it."""


def failed_checks(trajectory: BimanualTrajectory, robot: RobotSpec) -> list[str]:
    """Names of the checks that a trajectory fails."""
    results = run_checks(
        play(trajectory, robot), play_kinematic(trajectory, robot), trajectory, robot,
        unreachable_contacts(trajectory, robot),
    )  # fmt: skip
    return [check.name for check in results.checks if check.passed is False]


def main(names: list[str]) -> int:
    """Print the table; 0 if every control fails its own check alone."""
    wrong = 0
    for name in names:
        robot = load_robot(name)
        clips = {t: retarget_motion(perform(t), robot)[0] for t in set(CLIPS.values())}
        print(f"\n{robot.title}\n{'control':36}{'fails':28}as it should")
        for text, clip in clips.items():
            found = failed_checks(clip, robot)
            wrong += bool(found)
            print(f"{'none: ' + text[:28]:36}{', '.join(found) or 'nothing':28}"
                  f"{'no' if found else 'yes'}")  # fmt: skip
        for control in CONTROLS.values():
            clip = clips[CLIPS[control.needs]]
            found = failed_checks(control.breaks(clip, robot), robot)
            right = found == [control.fails]
            wrong += not right
            print(f"{control.name:36}{', '.join(found) or 'nothing':28}"
                  f"{'yes' if right else 'NO: ' + control.fails}")  # fmt: skip
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(ROBOTS)))

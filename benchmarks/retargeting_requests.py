"""Retargeting errors, contacts and speed: `python benchmarks/retargeting_requests.py`.

Performed requests and, where they are present, recordings (`HANDX_SHARED` or `../shared`),
on both robots; recordings at their own clock and stretched. CPU seconds of one thread.
"""

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from handx_gen.motion import BimanualMotion
from handx_gen.procedural import perform
from retarget import RetargetOptions, RetargetReport, retarget_motion
from robots import load_robot
from robots.robot import RobotSpec
from tests.retarget.recordings import read_leap, read_noisy

ROOT = Path(__file__).resolve().parents[1]
REQUESTS = {
    "pinches": "touch the thumb to each fingertip in turn with both hands",
    "clap": "clap twice",
    "touch": "tap the index fingertips together twice",
    "steeple": "steeple the fingers",
    "fist": "make a fist with both hands",
}
COLUMNS = (
    "robot    motion          frames  stretch  scale  tip mm (p95)  human mm  pinch        "
    "between hands  overlap mm  unsolved  saturated  jerk  CPU s  frames/s"
)


def row(name: str, motion: BimanualMotion, robot: RobotSpec, most: float) -> str:
    """Retarget and say how it went, in one line of the table."""
    began = time.process_time()
    _, report = retarget_motion(motion, robot, RetargetOptions(max_stretch=most))
    spent = time.process_time() - began
    overlap = max(report.penetration_mm.values())
    return (
        f"{robot.name:8} {name:15} {report.frames:6}  {report.stretch:7.2f}  "
        f"{report.scale:5.2f}  {report.tip_error_mm:5.1f} ({report.tip_error_p95_mm:4.1f})  "
        f"{report.tip_error_human_mm:8.1f}  {contact(report, 'pinch'):11}  "
        f"{contact(report, 'inter_hand'):13}  {overlap:10.1f}  {len(report.unsolved):8}  "
        f"{100 * report.saturated_fraction:7.1f} %  {report.jerk_rms:4.0f}  {spent:5.2f}  "
        f"{report.frames / spent:8.0f}"
    )


def contact(report: RetargetReport, kind: str) -> str:
    """Recall and mean gap of one kind of contact."""
    score = getattr(report, kind)
    if score.recall is None:
        return "n/a"
    return f"{100 * score.recall:3.0f} % {score.gap_mm:.1f} mm"


def main() -> None:
    """Print the table."""
    shared = Path(os.environ.get("HANDX_SHARED", ROOT.parent / "shared"))
    print(COLUMNS)
    for name in ("shadow", "inspire"):
        robot = load_robot(name)
        retarget_motion(
            perform("make a fist with both hands"), robot
        )  # loads libraries
        for label, text in REQUESTS.items():
            print(row(label, perform(text), robot, 3.0))
        if not shared.is_dir():
            continue
        for label, motion in (
            ("webcam", read_noisy(shared)),
            ("leap", read_leap(shared)),
        ):
            print(row(label + ", own clock", motion, robot, 1.0))
            print(row(label, motion, robot, 4.0))


if __name__ == "__main__":
    main()

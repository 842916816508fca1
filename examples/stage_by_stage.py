"""From a sentence to a checked trajectory, one stage at a time.

    python examples/stage_by_stage.py

`handx run` does the same and also writes a recording and a video.
"""

from pathlib import Path

from handx_gen import Plan, generate, match, read
from retarget import retarget_motion
from robots import load_robot
from sim import Verdict, validate

TEXT = "pinch the index finger with the left hand"
OUT = Path("out/stage_by_stage")

# Text → motion. The rules read what is asked; the motion is then judged by that.
requested = read(TEXT).requested
(motion,) = generate(Plan.from_text(TEXT), model="program", seed=0)
found = match(motion, requested)
motion.save(OUT / "motion.npz")
print(f"motion: {motion.duration:.1f} s, as asked: {found.answer}")

# Motion → robot.
robot = load_robot("shadow")
trajectory, retarget_report = retarget_motion(motion, robot)
trajectory.save(OUT / "trajectory.npz")
print(
    f"trajectory: {trajectory.duration:.1f} s, time stretched × {trajectory.stretch:.2f}"
)

# Robot → physics. Three verdicts; `passed` only if all three say yes.
text = Verdict(found.answer, tuple(found.reasons))
rollout, report = validate(trajectory, robot, text, retarget_report)
rollout.save(OUT / "rollout.npz")
report.save(OUT / "report.json")
for name, verdict in report.verdicts.items():
    print(f"{name}: {verdict.answer}", *verdict.reasons)
print("PASS" if report.passed else "NOT PASSED")

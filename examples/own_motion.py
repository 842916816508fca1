"""Put a motion of your own on a robot: any (T, 2, 21, 3) array in metres will do.

    python examples/own_motion.py

Here two hands close and open; the joints come from the parametric human hand.
"""

import numpy as np

from handx_gen import BimanualMotion
from handx_gen.hand_model import DEFAULT_SHAPE, DOFS, UPPER, finger_points, to_joints
from retarget import retarget_motion
from robots import load_robot
from sim import validate

FPS = 30.0
time = np.arange(0, 3, 1 / FPS)  # (T,) [s]
closing = 0.5 - 0.5 * np.cos(2 * np.pi * time / 3)  # (T,) 0 open, 1 closed

# Angles (T, 5 fingers, 5 degrees of freedom) [rad]: bend the four fingers, not the thumb.
bend = np.isin(DOFS, ("flexion", "middle", "distal")) * UPPER * 0.7
bend[0] = 0
angles = closing[:, None, None] * bend
points, _ = finger_points(DEFAULT_SHAPE, angles)

# The same hand on both sides, wrists 30 cm apart, palms down, fingers forward (+y).
wrist = np.tile([0.15, 0.0, 0.0], (len(time), 1))
joints = np.stack(
    [to_joints(points, np.eye(3), wrist, side) for side in (0, 1)], axis=1
)
motion = BimanualMotion(joints, FPS, provenance={"source": "examples/own_motion.py"})

robot = load_robot("inspire")
trajectory, _ = retarget_motion(motion, robot)
rollout, report = validate(trajectory, robot)

fist = closing.argmax()
print(f"{robot.title}: {len(trajectory.time_from_start)} samples")
for side, hand in trajectory.hands.items():
    when = int(np.abs(trajectory.source_time - time[fist]).argmin())
    joint = hand.joint_names[int(np.ptp(hand.positions, axis=0).argmax())]
    angle = hand.positions[when, hand.joint_names.index(joint)]
    print(f"{side}: {joint} bends most, to {np.degrees(angle):.0f}° at the fist")
# There was no text, so its verdict is "can't tell" and this can't be a PASS.
print({name: verdict.answer for name, verdict in report.verdicts.items()})

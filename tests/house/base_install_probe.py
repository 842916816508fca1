"""Run by test_install.py with numpy alone: what a ROS machine does with the package."""

import importlib
import pkgutil
import tempfile
from pathlib import Path

import numpy as np

import handx.streaming
import handx_gen.kinematics
import robots
from handx_gen.kinematics.contacts import contact_track
from handx_gen.motion import BimanualMotion
from retarget.trajectory import JointTrajectory
from sim.report import SimReport, Verdict

for package in (robots, handx_gen.kinematics, handx.streaming):
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not info.name.endswith("__main__"):
            importlib.import_module(info.name)

for name in robots.robot_names():
    robot = robots.load_robot(name)
    for hand in robot.hands.values():
        assert hand.expand(hand.rest_pose[hand.actuated_index]).shape == (
            len(hand.joint_names),
        )

with tempfile.TemporaryDirectory() as folder:
    joints = np.random.default_rng(0).normal(0, 0.1, (5, 2, 21, 3))
    path = BimanualMotion(joints).save(Path(folder) / "motion.npz")
    loaded = BimanualMotion.load(path)
    assert len(contact_track(loaded.joints)) == 5
    verdicts = {name: Verdict("yes") for name in ("text", "hand", "physics")}
    report = SimReport("shadow", verdicts, (), {}, 1.0, {})
    assert SimReport.load(report.save(Path(folder) / "report.json")).passed

trajectory = JointTrajectory(
    ("a",), np.array([[0.0], [1.0]]), np.zeros((2, 1)), np.array([0.0, 1.0])
)
assert abs(trajectory.sample(0.5)[0][0] - 0.5) < 1e-12

"""`validate`: play a trajectory, check it, and say it in three verdicts.

*text* comes from outside (does the motion hold what was asked?), *hand* from the
robot's measured capability and the retargeting, *physics* from the checks. The report
is bound by hashes to the trajectory's arrays, the robot's folder and the thresholds.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from handx_gen.kinematics.contacts import split_pair
from retarget.trajectory import BimanualTrajectory
from robots.capability import read_capability
from robots.robot import RobotSpec
from sim.checks import CheckResults, baseline, run_checks
from sim.errors import EditedArtefact, SimulationError
from sim.report import Check, SimReport, Verdict
from sim.rollout import Rollout
from sim.thresholds import thresholds_of

if TYPE_CHECKING:
    from retarget.report import RetargetReport

KINEMATIC, STATIC = "kinematic playback", "static pose"
"""The baselines: the upper bound, and doing nothing."""

NO_FINGER_MM = 200.0
"""What a contact lacks if the robot has no such finger: as far as gaps are measured."""


def validate(
    trajectory: BimanualTrajectory,
    robot: RobotSpec,
    text_verdict: Verdict | None = None,
    retarget_report: "RetargetReport | None" = None,
) -> tuple[Rollout, SimReport]:
    """Simulate a trajectory and judge it.

    Args:
        trajectory: What to do.
        robot: The robot it was made for.
        text_verdict: Whether the motion does what the text asked; None where there is
            no text, which reads as "can't tell".
        retarget_report: Of the retargeting, if at hand: adds unsolved frames to the
            hand verdict.

    Returns:
        The measured rollout, and the report.

    Raises:
        SimulationError: The trajectory is not for this robot, or for an older
            description of it, or the simulation broke.
    """
    if trajectory.robot_sha256 != robot.sha256:
        raise SimulationError(
            f"trajectory [robot_sha256]: the description of {robot.name} has changed "
            "since it was made. Fix: retarget the motion again."
        )
    # MuJoCo is loaded here so that `verify_report` works without it.
    from sim.negative_controls import static_pose
    from sim.playback import play, play_kinematic

    rollout = play(trajectory, robot)
    command = play_kinematic(trajectory, robot)
    unreachable = unreachable_contacts(trajectory, robot)
    bounds = thresholds_of(robot)
    results = run_checks(rollout, command, trajectory, robot, unreachable, bounds)
    still = static_pose(trajectory)
    baselines = {
        name: baseline(other, played, command, trajectory, robot, unreachable, bounds)
        for name, other, played in (
            (KINEMATIC, command, trajectory),
            (STATIC, play_kinematic(still, robot), still),
        )
    }
    report = SimReport(
        robot=robot.name,
        verdicts={
            "text": text_verdict or Verdict("can't tell", ("there is no text",)),
            "hand": hand_verdict(robot, unreachable, results, retarget_report),
            "physics": physics_verdict(results),
        },
        checks=results.checks,
        thresholds=bounds.as_dict(),
        stretch=trajectory.stretch,
        hashes=hashes(trajectory, robot),
        baselines=baselines,
        details=_details(trajectory, robot, results, retarget_report),
    )
    return rollout, report


def hashes(trajectory: BimanualTrajectory, robot: RobotSpec) -> dict[str, str]:
    """What a report is bound to: "trajectory", "robot", "thresholds" → sha256."""
    return {
        "trajectory": trajectory.sha256(),
        "robot": robot.sha256,
        "thresholds": thresholds_of(robot).sha256(),
    }


def verify_report(
    report: SimReport, trajectory: BimanualTrajectory, robot: RobotSpec
) -> None:
    """Make sure that a report is about exactly this trajectory, robot and thresholds.

    Raises:
        EditedArtefact: Names what differs.
    """
    for what, found in hashes(trajectory, robot).items():
        recorded = report.hashes.get(what, "")
        if recorded != found:
            raise EditedArtefact(what, recorded, found)
    if dict(report.thresholds) != thresholds_of(robot).as_dict():
        raise EditedArtefact(
            "thresholds", report.hashes["thresholds"], "other values than the hash says"
        )


def unreachable_contacts(
    trajectory: BimanualTrajectory, robot: RobotSpec
) -> dict[str, float]:
    """Asked pairs this robot cannot bring into contact → smallest gap it reaches [mm]."""
    capability = read_capability(robot)
    known = capability.unreachable if capability else {}
    missing = {}
    for pair in trajectory.asked_contacts.active().pairs:
        points = split_pair(pair)
        if any(
            point != "palm"
            and point.removesuffix("_tip") not in robot.hands[side].fingers
            for side, point in points
        ):
            missing[pair] = NO_FINGER_MM
        elif pair in known:
            missing[pair] = known[pair] * 1e3
    return missing


def hand_verdict(
    robot: RobotSpec,
    unreachable: Mapping[str, float],
    results: CheckResults,
    retarget_report: "RetargetReport | None" = None,
) -> Verdict:
    """Whether the robot's kinematics can do it, and by how many mm they cannot.

    "can't tell" where contacts are asked of a robot whose reach nobody has measured.
    """
    reasons = [
        f"{pair} is out of reach: it stays {gap:.1f} mm apart"
        for pair, gap in unreachable.items()
    ]
    reasons += [
        _sentence(check)
        for check in results.checks
        if check.name.endswith("limits, command") and check.passed is False
    ]
    if retarget_report is not None:
        share = len(retarget_report.unsolved) / max(retarget_report.frames, 1)
        if share > thresholds_of(robot).unsolved_share:
            reasons.append(
                f"{len(retarget_report.unsolved)} of {retarget_report.frames} frames "
                "could not be solved"
            )
    if reasons:
        return Verdict("no", tuple(reasons))
    if results.contacts and read_capability(robot) is None:
        fix = f"python -m retarget.capability {robot.name}"
        return Verdict("can't tell", (f"its reach was not measured; run: {fix}",))
    return Verdict("yes")


def physics_verdict(results: CheckResults) -> Verdict:
    """Whether the simulated hands did it; the reasons are the checks that failed."""
    failed = [check for check in results.checks if check.passed is False]
    return Verdict("no" if failed else "yes", tuple(map(_sentence, failed)))


def _sentence(check: Check) -> str:
    word = "at most" if check.sense == "<" else "at least"
    return (
        f"{check.name}: {check.value:.4g} {check.unit}, {word} {check.threshold:.4g} "
        "allowed"
    )


def _details(
    trajectory: BimanualTrajectory,
    robot: RobotSpec,
    results: CheckResults,
    retarget_report: "RetargetReport | None",
) -> dict[str, Any]:
    """Figures for the reader, as plain values for JSON."""
    from sim.wrist import WRIST_FORCE, WRIST_TORQUE

    text = trajectory.provenance.get("text")
    details: dict[str, Any] = {
        "figures": dict(results.figures),
        "contacts": [asdict(outcome) for outcome in results.contacts],
    }
    if robot.body is None:
        details["wrist limits"] = {
            "force [N]": WRIST_FORCE,
            "torque [N·m]": WRIST_TORQUE,
            "commanded speed, largest [m/s]": _wrist_speed(trajectory),
        }
    if text is not None:
        details["text"] = text
    if retarget_report is not None:
        details["retarget"] = retarget_report.to_dict()
    return details


def _wrist_speed(trajectory: BimanualTrajectory) -> float:
    """Fastest that a wrist is asked to move [m/s]."""
    _, rate = trajectory.sample_base(trajectory.time_from_start)
    return float(np.linalg.norm(rate[..., 4:], axis=-1).max())

"""Scripted references driven a little further, so that hands that meet also press.

Retargeting brings fingertips and palms together until their surfaces meet, and does not
ask for the contact of other parts, such as fists. A motion has no forces. So the scripted
reference of a skill that needs them sends the hands, where they come nearest, as far as
the gap is wide and `Skill.press` deeper; the wrists' servos then press.
"""

from dataclasses import replace

import numpy as np

from handx_gen.kinematics.contacts import runs
from retarget.trajectory import BimanualTrajectory
from robots.robot import RobotSpec
from sim.engine import mujoco
from sim.playback import set_state, trajectory_scene
from sim.scene import Scene

NEAR = 0.02
"""Hands that come this near are meant to touch [m]."""

EASE = 0.2
"""The hands are brought further, and back, over this time [s]."""


def pressed(
    trajectory: BimanualTrajectory, robot: RobotSpec, depth: float
) -> BimanualTrajectory:
    """The trajectory with both hands moved towards each other where they are nearest.

    Hands on arms stay as they are: where they go is the arms' own trajectory.

    Args:
        trajectory: Of both hands.
        robot: The robot it was made for.
        depth: How far the command goes beyond the meeting of the surfaces [m].
    """
    if robot.body is not None:
        return trajectory
    time, base = trajectory.time_from_start, trajectory.T_world_base.copy()
    gap, way = _gaps(trajectory_scene(trajectory, robot), trajectory)
    for start, stop in runs(gap < NEAR):
        nearest = start + int(gap[start:stop].argmin())
        held = start + np.flatnonzero(gap[start:stop] < gap[nearest] + depth)
        early, late = time[held[0]], time[held[-1]]
        outside = np.maximum(np.maximum(early - time, time - late), 0.0)
        weight = 0.5 + 0.5 * np.cos(np.pi * np.minimum(outside / EASE, 1.0))
        shift = weight[:, None] * (gap[nearest] + depth) / 2 * way[nearest]
        base[:, 0, 4:] += shift
        base[:, 1, 4:] -= shift
    return replace(trajectory, T_world_base=base)


def _gaps(
    scene: Scene, trajectory: BimanualTrajectory
) -> tuple[np.ndarray, np.ndarray]:
    """Per sample, the gap between the hands [m] and the direction from left to right."""
    model, data = scene.model, mujoco.MjData(scene.model)
    solid = np.asarray(model.geom_contype) > 0
    left, right = (np.flatnonzero(solid & (scene.geom_side == k)) for k in (0, 1))
    count = len(trajectory.time_from_start)
    gap, way, ends = np.empty(count), np.empty((count, 3)), np.empty(6)
    for k, time in enumerate(trajectory.time_from_start):
        set_state(scene, data, trajectory, float(time))
        mujoco.mj_kinematics(model, data)
        gap[k], a, b = min(
            (mujoco.mj_geomDistance(model, data, a, b, 1.0, None), a, b)
            for a in left
            for b in right
        )
        mujoco.mj_geomDistance(model, data, a, b, 1.0, ends)
        # Where surfaces overlap the points lie the wrong way round.
        line = (ends[3:] - ends[:3]) * np.sign(gap[k])
        if np.linalg.norm(line) < 1e-6:
            line = data.geom_xpos[b] - data.geom_xpos[a]
        way[k] = line / np.linalg.norm(line)
    return gap, way

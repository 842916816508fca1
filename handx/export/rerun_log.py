"""A run as a Rerun recording: the hands in space, and every number as a curve.

The scene's solids hang on the bodies that move them; curves are sent column by column.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handx.export.extras import need
from handx.export.run_folder import RunRecord
from handx_gen.npz import atomic_path
from handx_gen.skeleton import BONE_INDEX, SIDES
from sim.engine import mujoco
from sim.film import FRAME_RATE, rollout_scene, scene_colours
from sim.heat import POINTS, contact_heat
from sim.render import source_time
from sim.scene import JOINT_GROUP, SOLID_GROUP, Scene
from sim.stage import SIDE_COLOURS

if TYPE_CHECKING:
    import rerun as rr

CLOCK = "time"
"""Name of the recording's timeline [s]."""


def write_rerun(run: RunRecord, path: Path) -> Path:
    """Write an .rrd, atomically.

    Args:
        run: The run.
        path: Where to.

    Raises:
        MissingExtra: rerun-sdk is not installed.
        SimulationError: The rollout's state is not one of this robot.
    """
    need("rerun", extra="rerun")
    import rerun as rr

    scene = rollout_scene(run.rollout, run.robot)
    with atomic_path(path) as temporary:
        log = rr.RecordingStream("handx")
        log.save(temporary)
        log.send_blueprint(_layout())
        log.log("hands", rr.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
        log.log("report", rr.TextDocument(_words(run), media_type="text/markdown"),
                static=True)  # fmt: skip
        _log_robot(log, run, scene)
        _log_human(log, run)
        _log_curves(log, run, scene)
        log.disconnect()
    return path


def _layout() -> "rr.BlueprintLike":
    """Hands on the left, curves on the right."""
    import rerun.blueprint as rrb

    return rrb.Blueprint(
        rrb.Horizontal(
            rrb.Vertical(
                rrb.Spatial3DView(origin="hands", name="hands"),
                rrb.TextDocumentView(origin="report", name="report"),
                row_shares=[4, 1],
            ),
            rrb.Vertical(
                rrb.TimeSeriesView(origin="tracking_error", name="joint error [rad]"),
                rrb.TimeSeriesView(origin="contact_force", name="contact force [N]"),
                rrb.TimeSeriesView(origin="joints", name="joints [rad]"),
            ),
            column_shares=[3, 2],
        )
    )


def _words(run: RunRecord) -> str:
    word = "PASS" if run.report.passed else "NOT PASSED"
    lines = [f"# {run.text or run.robot.title}", f"**{word}** on {run.robot.title}", ""]
    for name, verdict in run.report.verdicts.items():
        lines.append(f"* {name}: {verdict.answer} {'; '.join(verdict.reasons)}")
    return "\n".join(lines)


def _log_robot(log: "rr.RecordingStream", run: RunRecord, scene: Scene) -> None:
    import rerun as rr

    model, data = scene.model, mujoco.MjData(scene.model)
    colours = (255 * scene_colours(scene)).astype(np.uint8)
    shown = np.isin(model.geom_group, (SOLID_GROUP, JOINT_GROUP))
    bodies = np.unique(model.geom_bodyid[shown]).tolist()
    paths = {body: f"hands/robot/{model.body(body).name}" for body in bodies}
    for body, path in paths.items():
        mine = shown & (model.geom_bodyid == body)
        mesh = model.geom_type == mujoco.mjtGeom.mjGEOM_MESH
        for geom in np.flatnonzero(mine & mesh):
            box = _mesh(model, int(geom), colours[geom])
            log.log(f"{path}/box_{geom}", box, static=True)
        geoms = np.flatnonzero(mine & ~mesh)
        if not len(geoms):
            continue
        long = model.geom_type[geoms] == mujoco.mjtGeom.mjGEOM_CAPSULE
        half = np.where(long, model.geom_size[geoms, 1], 0.0)
        shape = rr.Capsules3D(
            lengths=2 * half,
            radii=model.geom_size[geoms, 0],
            # Rerun's capsules begin at their origin, MuJoCo's have it in the middle.
            translations=model.geom_pos[geoms] - half[:, None] * _axes(model, geoms),
            quaternions=np.roll(model.geom_quat[geoms], -1, axis=1),  # xyzw
            colors=colours[geoms],
            fill_mode="solid",
        )
        log.log(f"{path}/shape", shape, static=True)
    count = len(run.rollout.time)
    position, xyzw = (
        np.zeros((count, model.nbody, 3)),
        np.zeros((count, model.nbody, 4)),
    )
    for index, qpos in enumerate(run.rollout.qpos):
        data.qpos[:] = qpos
        mujoco.mj_kinematics(model, data)
        position[index], xyzw[index] = data.xpos, np.roll(data.xquat, -1, axis=1)
    clock = [rr.TimeColumn(CLOCK, duration=run.rollout.time)]
    for body, path in paths.items():
        columns = rr.Transform3D.columns(
            translation=position[:, body], quaternion=xyzw[:, body]
        )
        log.send_columns(path, clock, columns)


def _mesh(model: mujoco.MjModel, geom: int, colour: np.ndarray) -> "rr.Mesh3D":
    """One box in its body's frame."""
    import rerun as rr

    mesh = int(model.geom_dataid[geom])
    first, count = int(model.mesh_vertadr[mesh]), int(model.mesh_vertnum[mesh])
    face, faces = int(model.mesh_faceadr[mesh]), int(model.mesh_facenum[mesh])
    turn = np.zeros(9)
    mujoco.mju_quat2Mat(turn, model.geom_quat[geom])
    vertices = model.mesh_vert[first : first + count] @ turn.reshape(3, 3).T
    return rr.Mesh3D(
        vertex_positions=vertices + model.geom_pos[geom],
        triangle_indices=model.mesh_face[face : face + faces],
        albedo_factor=colour,
    )


def _axes(model: mujoco.MjModel, geoms: np.ndarray) -> np.ndarray:
    """(K, 3) the geoms' z axes in their bodies' frames."""
    axes = np.zeros((len(geoms), 3))
    for row, quaternion in zip(axes, model.geom_quat[geoms]):
        mujoco.mju_rotVecQuat(row, np.array([0.0, 0, 1]), quaternion)
    return axes


def _log_human(log: "rr.RecordingStream", run: RunRecord) -> None:
    """The human bones, at the moments of the robot."""
    import rerun as rr

    present = [side for side, on in zip(SIDES, run.motion.present) if on]
    for time in np.arange(0, float(run.rollout.time[-1]), 1 / FRAME_RATE):
        log.set_time(CLOCK, duration=float(time))
        frame = round(source_time(run.trajectory, float(time)) * run.motion.fps)
        joints = run.human_joints[min(frame, len(run.motion) - 1)]
        for side in present:
            colour = (255 * np.array(SIDE_COLOURS[side])).astype(np.uint8)
            bones = joints[SIDES.index(side)][BONE_INDEX]
            strips = rr.LineStrips3D(bones, radii=0.002, colors=colour)
            log.log(f"hands/human/{side}", strips)


def _log_curves(log: "rr.RecordingStream", run: RunRecord, scene: Scene) -> None:
    import rerun as rr

    rollout = run.rollout
    clock = [rr.TimeColumn(CLOCK, duration=rollout.time)]
    error = rollout.joint_position - rollout.commanded
    curves = {"tracking_error": np.sqrt((error**2).mean(1))}
    for k, name in enumerate(rollout.joint_names):
        curves[f"joints/{name}/measured"] = rollout.joint_position[:, k]
        curves[f"joints/{name}/commanded"] = rollout.commanded[:, k]
    force = contact_heat(rollout, scene).force
    for side in scene.sides:
        for k, point in enumerate(POINTS):
            curve = force[:, SIDES.index(side), k]
            curves[f"contact_force/{side}.{point}"] = curve
    for name, values in curves.items():
        log.send_columns(name, clock, rr.Scalars.columns(scalars=values))

"""One run as a viser scene: the simulated hands, and the human ones beside them.

A body is a node that moves, its geoms are meshes below it, so that a moment costs two
short messages per body. The human hands are two batches, rods and balls, whose sizes may
change with the joints' distances; `lod` is off, because a batch with levels of detail
stands still in a recording (viser 1.1.1).
"""

from typing import TYPE_CHECKING

import numpy as np

from handx.export.run_folder import RunRecord
from handx_gen.kinematics.contacts import contact_track
from sim.camera import FIELD_OF_VIEW, frame_points
from sim.engine import mujoco
from sim.film import FRAME_RATE, finger_geoms, heated, rollout_scene, scene_colours
from sim.gl import shown_groups
from sim.heat import Heat, contact_heat, point_gaps
from sim.human_film import Capsules, human_capsules
from sim.render import source_time
from sim.stage import FLOOR_GAP, FLOOR_TILE

if TYPE_CHECKING:
    import viser

APART = 0.12
"""Between the human hands and the robot's [m]."""

NEWS = 1e-5
"""A pose is sent again once it has changed by more than this [m, or of a quaternion]."""


class ViserRun:
    """Shows the moments of a run on a viser server.

    Args:
        server: Where to; the scene is added under "/robot" and "/human".
        run: The run.

    Raises:
        SimulationError: The rollout's state is not one of this robot.
    """

    def __init__(self, server: "viser.ViserServer", run: RunRecord) -> None:
        self._run = run
        self._scene = rollout_scene(run.rollout, run.robot)
        self._data = mujoco.MjData(self._scene.model)
        self._colours = scene_colours(self._scene)
        self._heat = contact_heat(run.rollout, self._scene)
        gap = point_gaps(contact_track(run.motion.joints, run.motion.present))
        self._human_heat = Heat(np.zeros_like(gap), gap)
        robot = self._robot_cloud()
        people = run.human_joints[:, run.motion.present].reshape(-1, 3)
        # Seen from the front the human hands stand to the left, which is −y.
        self._shift = np.array([0, robot[:, 1].min() - APART - people[:, 1].max(), 0])
        people = people + self._shift
        self._add_robot(server)
        self._add_human(server)
        self._add_stage(server, robot, people)
        self.show(0.0)

    def show(self, time: float) -> None:
        """Move everything to where it is at `time` [s]."""
        rollout, model = self._run.rollout, self._scene.model
        index = int(np.abs(rollout.time - time).argmin())
        self._data.qpos[:] = rollout.qpos[index]
        mujoco.mj_kinematics(model, self._data)
        for body, node in self._bodies.items():
            position, wxyz = self._data.xpos[body], self._data.xquat[body]
            if np.abs(np.asarray(node.position) - position).max() > NEWS:
                node.position = position.round(5)
            if np.abs(np.asarray(node.wxyz) - wxyz).max() > NEWS:
                node.wxyz = wxyz.round(5)
        start, stop = np.searchsorted(
            rollout.time, rollout.time[index] + np.array([-0.5, 0.5]) / FRAME_RATE
        )
        heat = self._heat.over(int(start), max(int(stop), index + 1))
        colours = heated(self._scene, self._colours, heat)
        for geom, mesh in self._warm.items():
            rgb = _rgb(colours[geom])
            if tuple(mesh.color) != rgb:
                mesh.color = rgb
        self._show_human(*self._human(source_time(self._run.trajectory, time)))

    def _human(self, time: float) -> Capsules:
        """The human hands at a time in their own motion [s]."""
        motion = self._run.motion
        where = float(np.clip(time * motion.fps, 0, len(motion) - 1))
        before = int(where)
        after = min(before + 1, len(motion) - 1)
        joints = self._run.human_joints
        moment = joints[before] + (where - before) * (joints[after] - joints[before])
        heat = self._human_heat.over(before, before + 1)
        return human_capsules(moment + self._shift, heat, motion.present)

    def _show_human(
        self, a: np.ndarray, b: np.ndarray, radius: np.ndarray, colour: np.ndarray
    ) -> None:
        length = np.linalg.norm(b - a, axis=1)
        wide = np.stack([radius, radius, length], 1)
        ends = np.repeat(radius[:, None], 3, 1)
        colours = _batch_rgb(colour)
        rods, balls = self._rods, self._balls
        rods.batched_positions = ((a + b) / 2).astype(np.float32)
        rods.batched_wxyzs = _quaternions_along(b - a).astype(np.float32)
        rods.batched_scales = wide.astype(np.float32)
        balls.batched_positions = np.concatenate([a, b]).astype(np.float32)
        balls.batched_scales = np.concatenate([ends, ends]).astype(np.float32)
        if not np.array_equal(rods.batched_colors, colours):
            rods.batched_colors = colours
            balls.batched_colors = np.concatenate([colours, colours])

    def _robot_cloud(self) -> np.ndarray:
        """(N, 3) points that the robot's hands visit [m]."""
        geoms = sorted(
            set().union(
                *finger_geoms(self._scene).values(),
                *(hand.point_geoms["palm"] for hand in self._scene.hands.values()),
            )
        )
        reach = self._scene.model.geom_rbound[geoms][:, None]
        points = []
        for qpos in self._run.rollout.qpos[::10]:
            self._data.qpos[:] = qpos
            mujoco.mj_kinematics(self._scene.model, self._data)
            centre = self._data.geom_xpos[geoms]
            points += [centre - reach, centre + reach]
        return np.concatenate(points)

    def _add_robot(self, server: "viser.ViserServer") -> None:
        from mjviser.conversions import merge_geoms

        model = self._scene.model
        warm = {
            geom
            for hand in self._scene.hands.values()
            for geoms in hand.point_geoms.values()
            for geom in geoms
        }
        shown = np.isin(model.geom_group, shown_groups(model)) & (model.geom_bodyid > 0)
        self._bodies, self._warm = {}, {}
        for body in np.unique(model.geom_bodyid[shown]).tolist():
            name = f"/robot/{model.body(body).name}"
            self._bodies[body] = server.scene.add_frame(name, show_axes=False)
            mine = np.flatnonzero(shown & (model.geom_bodyid == body)).tolist()
            # What has one colour for ever is one mesh; what may warm up is its own.
            parts: dict[object, list[int]] = {}
            for geom in mine:
                key = geom if geom in warm else _rgb(self._colours[geom])
                parts.setdefault(key, []).append(geom)
            for geoms in parts.values():
                mesh = merge_geoms(model, geoms)
                node = server.scene.add_mesh_simple(
                    f"{name}/geom_{geoms[0]}", mesh.vertices, mesh.faces,
                    color=_rgb(self._colours[geoms[0]]),
                )  # fmt: skip
                if geoms[0] in warm:
                    self._warm[geoms[0]] = node

    def _add_human(self, server: "viser.ViserServer") -> None:
        import trimesh

        a, _, _, colour = self._human(0.0)
        still = np.tile([1.0, 0, 0, 0], (len(a), 1))
        rod = trimesh.creation.cylinder(radius=1.0, height=1.0, sections=16)
        ball = trimesh.creation.icosphere(subdivisions=2)
        self._rods = server.scene.add_batched_meshes_simple(
            "/human/bones", rod.vertices, rod.faces, still, a,
            batched_scales=np.ones((len(a), 3)), batched_colors=_batch_rgb(colour), lod="off",
        )  # fmt: skip
        self._balls = server.scene.add_batched_meshes_simple(
            "/human/joints", ball.vertices, ball.faces,
            np.concatenate([still, still]), np.concatenate([a, a]),
            batched_scales=np.ones((2 * len(a), 3)),
            batched_colors=np.concatenate([_batch_rgb(colour)] * 2), lod="off",
        )  # fmt: skip

    def _add_stage(
        self, server: "viser.ViserServer", robot: np.ndarray, people: np.ndarray
    ) -> None:
        """Floor, captions, and the camera: from the front, both pairs of hands in view."""
        everything = np.concatenate([robot, people])
        server.scene.set_up_direction("+z")
        server.scene.add_grid(
            "/floor", 3.0, 3.0, cell_size=FLOOR_TILE, section_size=0.5,
            position=(0.0, 0.0, everything[:, 2].min() - FLOOR_GAP),
            plane_color=(225, 227, 232), plane_opacity=1.0, shadow_opacity=0.25,
        )  # fmt: skip
        for name, text, cloud in (
            ("human", "human motion, as asked", people),
            ("robot", f"{self._run.robot.title}, as simulated", robot),
        ):
            middle = (cloud.min(0) + cloud.max(0)) / 2
            server.scene.add_label(
                f"/captions/{name}", text, anchor="bottom-center",
                position=(middle[0], middle[1], cloud[:, 2].max() + 0.03),
            )  # fmt: skip
        camera = frame_points(everything, 16 / 9)
        server.initial_camera.position = camera.position
        server.initial_camera.look_at = camera.lookat
        server.initial_camera.fov = np.radians(FIELD_OF_VIEW)


def _rgb8(colours: np.ndarray) -> np.ndarray:
    """(..., 3) colours in 0…1 → uint8."""
    return (255 * np.clip(colours, 0, 1)).round().astype(np.uint8)


def _batch_rgb(colours: np.ndarray) -> np.ndarray:
    """The same for the instances of a batch, whose colours the client takes as linear.

    The inverse of the sRGB transfer function (IEC 61966-2-1); without it the hands are
    pale (viser 1.1.1).
    """
    linear = np.where(
        colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4
    )
    return _rgb8(linear)


def _rgb(colour: np.ndarray) -> tuple[int, int, int]:
    red, green, blue = _rgb8(colour).tolist()
    return red, green, blue


def _quaternions_along(direction: np.ndarray) -> np.ndarray:
    """(N, 3) → (N, 4) wxyz that turn z into each direction; one of zero length stays.

    The half-way quaternion: (|d| + d_z, z × d), normalised.
    """
    length = np.linalg.norm(direction, axis=1)
    unit = direction / np.where(length > 0, length, 1.0)[:, None]
    real = 1 + unit[:, 2]
    quaternion = np.stack([real, -unit[:, 1], unit[:, 0], np.zeros(len(unit))], 1)
    # Straight down there is no shortest turn: half a turn about x does it.
    quaternion[real < 1e-9] = [0.0, 1.0, 0.0, 0.0]
    return quaternion / np.linalg.norm(quaternion, axis=1, keepdims=True)

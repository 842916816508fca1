"""MuJoCo's off-screen renderer, pointed at the hands."""

from collections.abc import Callable

import numpy as np

from sim.camera import FIELD_OF_VIEW, Camera
from sim.engine import GL_PACKAGES, mujoco
from sim.scene import JOINT_GROUP, LINK_GROUP, SOLID_GROUP

WITHOUT_GL = (
    "No GL library was found, so the pictures were drawn without it; for rendered ones: "
    f"apt install {GL_PACKAGES}"
)


class Renderer:
    """Renders one model from one camera.

    Args:
        model: What to draw; its picture size and field of view are set here.
        camera: From where.
        size: Width and height [pixels].

    Raises:
        Exception: Whatever the GL platform raises; every one fails in its own way, and
            all of them mean that there is no GL here.
    """

    def __init__(
        self, model: mujoco.MjModel, camera: Camera, size: tuple[int, int]
    ) -> None:
        self._model = model
        model.vis.global_.fovy = FIELD_OF_VIEW
        model.vis.global_.offwidth, model.vis.global_.offheight = size
        self._renderer = mujoco.Renderer(model, size[1], size[0])
        self._camera, self._options = mujoco.MjvCamera(), mujoco.MjvOption()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FREE
        self._camera.lookat[:] = camera.lookat
        self._camera.distance = camera.distance
        self._camera.azimuth, self._camera.elevation = camera.azimuth, camera.elevation
        for group in (LINK_GROUP, SOLID_GROUP, JOINT_GROUP):
            self._options.geomgroup[group] = int(group in shown_groups(model))

    def draw(
        self,
        data: mujoco.MjData,
        decorate: Callable[["mujoco.MjvScene"], None] | None = None,
    ) -> np.ndarray:
        """(height, width, 3) uint8 of the state in `data`.

        Args:
            data: Its `qpos` is drawn; positions are worked out here.
            decorate: May add geoms that are not in the model.
        """
        mujoco.mj_kinematics(self._model, data)
        mujoco.mj_comPos(self._model, data)
        mujoco.mj_camlight(self._model, data)
        self._renderer.update_scene(data, self._camera, self._options)
        if decorate is not None:
            decorate(self._renderer.scene)
        return self._renderer.render()

    def close(self) -> None:
        """Give the GL context back."""
        self._renderer.close()


def shown_groups(model: mujoco.MjModel) -> tuple[int, ...]:
    """Geom groups to draw: a URDF's visuals, or its capsules where it has none."""
    if LINK_GROUP in model.geom_group:
        return (LINK_GROUP,)
    return (SOLID_GROUP, JOINT_GROUP)


def add_capsules(
    scene: "mujoco.MjvScene",
    a: np.ndarray,
    b: np.ndarray,
    radius: np.ndarray,
    colour: np.ndarray,
) -> None:
    """Put capsules into a picture that no model knows of.

    Args:
        scene: The picture's geoms.
        a, b: (K, 3) ends [m].
        radius: (K,) [m].
        colour: (K, 3) in 0…1.
    """
    kind = mujoco.mjtGeom.mjGEOM_CAPSULE
    for start, end, width, rgb in zip(a, b, radius, colour):
        geom = scene.geoms[scene.ngeom]
        rgba = np.array([*rgb, 1.0], np.float32)
        mujoco.mjv_initGeom(geom, kind, np.zeros(3), np.zeros(3), np.zeros(9), rgba)
        mujoco.mjv_connector(geom, kind, width, start, end)
        # Decoration, which is what a new geom is, casts no shadow.
        geom.category = mujoco.mjtCatBit.mjCAT_DYNAMIC
        scene.ngeom += 1

"""The scene is the robot: kinematics, couplings, limits, and physics that behaves."""

import numpy as np
import pytest

from handx_gen.skeleton import FINGERS, SIDES
from robots import RobotSpec
from sim.engine import mujoco
from sim.playback import rotation_quaternion
from sim.scene import TIMESTEP, WRIST_FORCE, WRIST_TORQUE, Scene, build_scene
from sim.servo_design import design_gains, reflected_inertia


@pytest.fixture(scope="module")
def scene(robot: RobotSpec) -> Scene:
    return build_scene(robot)


def random_pose(scene: Scene, seed: int) -> mujoco.MjData:
    """A random pose of joints (couplings kept) and bases."""
    rng = np.random.default_rng(seed)
    data = mujoco.MjData(scene.model)
    for side, hand in scene.hands.items():
        spec = scene.robot.hands[side]
        index = spec.actuated_index
        data.qpos[hand.qpos] = spec.expand(
            rng.uniform(spec.lower[index], spec.upper[index])
        )
        data.qpos[hand.base_qpos[:3]] = rng.uniform(-1, 1, 3)
        data.qpos[hand.base_qpos[3:]] = rotation_quaternion(rng.uniform(-2, 2, 3))
    return data


@pytest.mark.parametrize("seed", range(5))
def test_fingertips_are_where_pinocchio_puts_them(scene: Scene, seed: int) -> None:
    pinocchio = pytest.importorskip("pinocchio")
    data = random_pose(scene, seed)
    mujoco.mj_kinematics(scene.model, data)
    for side, hand in scene.hands.items():
        spec = scene.robot.hands[side]
        model = pinocchio.buildModelFromUrdf(str(spec.urdf))
        state = model.createData()
        q = np.zeros(model.nq)
        for name, angle in zip(spec.joint_names, data.qpos[hand.qpos]):
            q[model.joints[model.getJointId(name)].idx_q] = angle
        pinocchio.framesForwardKinematics(model, state, q)
        rotation = data.xmat[hand.base_body].reshape(3, 3)
        for name, finger in spec.fingers.items():
            local = state.oMf[model.getFrameId(finger.tip_link)].translation
            world = data.xpos[hand.base_body] + rotation @ local
            seen = data.xpos[hand.tip_bodies[FINGERS.index(name)]]
            np.testing.assert_allclose(seen, world, atol=1e-9)


def test_joints_carry_the_limits_of_the_robot(scene: Scene) -> None:
    for side in SIDES:
        spec = scene.robot.hands[side]
        for i, name in enumerate(spec.joint_names):
            joint = scene.model.joint(f"{side}_{name}")
            assert bool(joint.limited[0]) is (name not in spec.mimic)
            np.testing.assert_allclose(joint.range, [spec.lower[i], spec.upper[i]])
        for name in spec.actuated:
            limit = spec.effort_limit[spec.joint_names.index(name)]
            motor = scene.model.actuator(f"{side}_{name}")
            np.testing.assert_allclose(motor.forcerange, [-limit, limit])


def test_servos_do_not_exceed_their_limits(scene: Scene) -> None:
    model, data = scene.model, mujoco.MjData(scene.model)
    rng = np.random.default_rng(0)
    for _ in range(200):
        data.ctrl[:] = rng.uniform(-100, 100, model.nu)
        for hand in scene.hands.values():
            data.ctrl[hand.base_quaternion_ctrl] = rotation_quaternion(
                rng.uniform(-2, 2, 3)
            )
        mujoco.mj_step(model, data)
        for side, hand in scene.hands.items():
            spec = scene.robot.hands[side]
            limit = spec.effort_limit[spec.actuated_index]
            assert (np.abs(data.actuator_force[hand.force]) <= limit + 1e-9).all()
            wrist = data.actuator_force[hand.base_force]
            assert np.abs(wrist[:3]).max() <= WRIST_FORCE + 1e-9
            assert np.linalg.norm(wrist[3:]) <= WRIST_TORQUE + 1e-9


def test_a_second_of_halton_controls_raises_no_warning(scene: Scene) -> None:
    from scipy.stats import qmc

    model, data = scene.model, mujoco.MjData(scene.model)
    points = qmc.Halton(model.nu, seed=0).random(20)
    for side, hand in scene.hands.items():
        data.qpos[hand.qpos] = scene.robot.hands[side].rest_pose
        data.qpos[hand.base_qpos[1]] = 0.2 if side == "left" else -0.2
    for point in points:
        data.ctrl[:] = 0.0
        for side, hand in scene.hands.items():
            spec = scene.robot.hands[side]
            index = spec.actuated_index
            span = spec.upper[index] - spec.lower[index]
            data.ctrl[hand.position_ctrl] = (
                spec.lower[index] + span * point[hand.position_ctrl]
            )
            middle = np.array([0.0, 0.2 if side == "left" else -0.2, 0.0])
            data.ctrl[hand.base_position_ctrl] = middle + 0.2 * (
                point[hand.base_position_ctrl] - 0.5
            )
            data.ctrl[hand.base_quaternion_ctrl] = rotation_quaternion(
                2 * (point[hand.base_quaternion_ctrl[:3]] - 0.5)
            )
        for _ in range(50):
            mujoco.mj_step(model, data)
    assert np.isfinite(data.qpos).all()
    assert not any(warning.number for warning in data.warning)


@pytest.mark.parametrize("seed", range(3))
def test_energy_does_not_grow_without_motors(scene: Scene, seed: int) -> None:
    model, data = scene.model, mujoco.MjData(scene.model)
    flags, gravity = model.opt.disableflags, model.opt.gravity.copy()
    model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_ACTUATION)
    model.opt.enableflags |= int(mujoco.mjtEnableBit.mjENBL_ENERGY)
    # Compensated gravity does no work, so what is left is kinetic energy.
    model.opt.gravity[:] = 0.0
    rng = np.random.default_rng(seed)
    for side, hand in scene.hands.items():
        spec = scene.robot.hands[side]
        index = spec.actuated_index
        middle = (spec.lower + spec.upper)[index] / 2
        data.qpos[hand.qpos] = spec.expand(middle)
        data.qpos[hand.base_qpos[1]] = 0.4 if side == "left" else -0.4
        matrix, _ = spec.expansion
        data.qvel[hand.dof] = matrix @ rng.normal(0, 1, len(index))
        data.qvel[hand.base_dof] = rng.normal(0, 0.2, 6)
    mujoco.mj_forward(model, data)
    start, highest = float(data.energy[1]), 0.0
    for _ in range(1000):
        mujoco.mj_step(model, data)
        highest = max(highest, float(data.energy[1]))
    model.opt.disableflags, model.opt.gravity[:] = flags, gravity
    # Limits and couplings are springs: they may give back, within a few per cent.
    assert highest < 1.05 * start
    assert float(data.energy[1]) < start


def test_resting_hands_touch_nothing(scene: Scene) -> None:
    model, data = scene.model, mujoco.MjData(scene.model)
    for side, hand in scene.hands.items():
        data.qpos[hand.qpos] = scene.robot.hands[side].rest_pose
        data.qpos[hand.base_qpos[1]] = 0.4 if side == "left" else -0.4
    mujoco.mj_forward(model, data)
    assert data.ncon == 0


def test_hands_are_never_excluded_from_one_another(scene: Scene) -> None:
    model = scene.model
    for signature in model.exclude_signature:
        first, second = int(signature) >> 16, int(signature) & 0xFFFF
        assert (
            model.body(first).name.split("_")[0]
            == model.body(second).name.split("_")[0]
        )


def test_every_fingertip_and_palm_has_a_surface(scene: Scene) -> None:
    for side, hand in scene.hands.items():
        wanted = {f"{name}_tip" for name in scene.robot.hands[side].fingers} | {"palm"}
        assert set(hand.point_geoms) == wanted
        assert all(hand.point_geoms.values())


def test_one_hand_makes_a_scene_of_its_own(robot: RobotSpec) -> None:
    scene = build_scene(robot, ("right",))
    assert scene.sides == ("right",)
    assert set(np.unique(scene.geom_side)) == {-1, 1}


def test_servos_are_fast_and_well_damped(robot: RobotSpec) -> None:
    for side, hand in robot.hands.items():
        inertia = reflected_inertia(robot, side)
        frequency = np.sqrt(hand.gains.kp / inertia)
        damping = hand.gains.kv / (2 * np.sqrt(hand.gains.kp * inertia))
        assert frequency.min() > 50
        # A physics step must be short against the fastest servo.
        assert frequency.max() < 0.2 / TIMESTEP
        assert damping.min() >= 1
        np.testing.assert_allclose(
            design_gains(robot, side).kp, hand.gains.kp, rtol=0.1
        )

"""The scene is the robot: kinematics, couplings, limits, and physics that behaves."""

from dataclasses import replace

import numpy as np
import pytest

from handx_gen.skeleton import SIDES
from robots import Gains, RobotSpec, load_robot
from sim.engine import mujoco
from sim.errors import SimulationError
from sim.playback import rotation_quaternion
from sim.scene import BODY, WRIST_FORCE, WRIST_TORQUE, Scene, build_scene
from sim.servo_identification import identify, try_gains


@pytest.fixture(scope="module")
def scene(any_robot: RobotSpec) -> Scene:
    return build_scene(any_robot)


def random_pose(scene: Scene, seed: int) -> mujoco.MjData:
    """A random pose of joints (couplings kept) and bases."""
    rng = np.random.default_rng(seed)
    data = mujoco.MjData(scene.model)
    for chain, where in scene.parts:
        index = chain.actuated_index
        data.qpos[where.qpos] = chain.expand(
            rng.uniform(chain.lower[index], chain.upper[index])
        )
    for hand in scene.hands.values():
        if scene.body is None:
            data.qpos[hand.base_qpos[:3]] = rng.uniform(-1, 1, 3)
            data.qpos[hand.base_qpos[3:]] = rotation_quaternion(rng.uniform(-2, 2, 3))
    return data


def rest_apart(scene: Scene) -> mujoco.MjData:
    """Every joint at rest, driven wrists 0.8 m apart."""
    data = mujoco.MjData(scene.model)
    for chain, where in scene.parts:
        data.qpos[where.qpos] = chain.rest_pose
    for side, hand in scene.hands.items():
        if scene.body is None:
            data.qpos[hand.base_qpos[1]] = 0.4 if side == "left" else -0.4
    return data


@pytest.mark.parametrize("seed", range(5))
def test_links_are_where_pinocchio_puts_them(scene: Scene, seed: int) -> None:
    pinocchio = pytest.importorskip("pinocchio")
    data = random_pose(scene, seed)
    mujoco.mj_kinematics(scene.model, data)
    for chain, where in scene.parts:
        model = pinocchio.buildModelFromUrdf(str(chain.urdf))
        state = model.createData()
        q = np.zeros(model.nq)
        for name, angle in zip(chain.joint_names, data.qpos[where.qpos]):
            q[model.joints[model.getJointId(name)].idx_q] = angle
        pinocchio.framesForwardKinematics(model, state, q)
        if chain.side == BODY:
            at, turned = [0, 0, scene.robot.body.root_height], np.eye(3)
            frames = {
                m.link: f"{BODY}_{m.link}" for m in scene.robot.body.mounts.values()
            }
        else:
            base = scene.hands[chain.side].base_body
            at, turned = data.xpos[base], data.xmat[base].reshape(3, 3)
            frames = {
                f.tip_link: f"{chain.side}_{f.tip_link}" for f in chain.fingers.values()
            }
        for frame, body in frames.items():
            local = state.oMf[model.getFrameId(frame)].translation
            seen = data.body(body).xpos
            np.testing.assert_allclose(seen, at + turned @ local, atol=1e-9)


def test_an_arm_holds_its_hand_where_it_is_screwed_on() -> None:
    scene = build_scene(load_robot("g1-inspire"))
    data = random_pose(scene, 0)
    mujoco.mj_kinematics(scene.model, data)
    for side, mount in scene.robot.body.mounts.items():
        link = data.body(f"{BODY}_{mount.link}")
        wanted = np.eye(4)
        wanted[:3, :3], wanted[:3, 3] = link.xmat.reshape(3, 3), link.xpos
        wanted = wanted @ mount.T_link_base
        base = scene.hands[side].base_body
        np.testing.assert_allclose(data.xpos[base], wanted[:3, 3], atol=1e-12)
        np.testing.assert_allclose(
            data.xmat[base].reshape(3, 3), wanted[:3, :3], atol=1e-9
        )


def test_joints_carry_the_limits_of_the_robot(scene: Scene) -> None:
    for chain, _ in scene.parts:
        for i, name in enumerate(chain.joint_names):
            joint = scene.model.joint(f"{chain.side}_{name}")
            assert bool(joint.limited[0]) is (name not in chain.mimic)
            np.testing.assert_allclose(joint.range, [chain.lower[i], chain.upper[i]])
        for name in chain.actuated:
            limit = chain.effort_limit[chain.joint_names.index(name)]
            motor = scene.model.actuator(f"{chain.side}_{name}")
            np.testing.assert_allclose(motor.forcerange, [-limit, limit])


def test_servos_do_not_exceed_their_limits(scene: Scene) -> None:
    model, data = scene.model, mujoco.MjData(scene.model)
    rng = np.random.default_rng(0)
    for _ in range(200):
        data.ctrl[:] = rng.uniform(-100, 100, model.nu)
        for hand in scene.hands.values() if scene.body is None else ():
            data.ctrl[hand.base_quaternion_ctrl] = rotation_quaternion(
                rng.uniform(-2, 2, 3)
            )
        mujoco.mj_step(model, data)
        for chain, where in scene.parts:
            limit = chain.effort_limit[chain.actuated_index]
            assert (np.abs(data.actuator_force[where.force]) <= limit + 1e-9).all()
        if scene.body is not None:
            # What an arm's motors give includes the weight that they carry.
            limit = scene.robot.body.chain.effort_limit
            assert (np.abs(data.qfrc_actuator[scene.body.dof]) <= limit + 1e-9).all()
            continue
        for hand in scene.hands.values():
            wrist = data.actuator_force[hand.base_force]
            assert np.abs(wrist[:3]).max() <= WRIST_FORCE + 1e-9
            assert np.linalg.norm(wrist[3:]) <= WRIST_TORQUE + 1e-9


def test_a_second_of_halton_controls_raises_no_warning(scene: Scene) -> None:
    from scipy.stats import qmc

    model, data = scene.model, rest_apart(scene)
    start = data.qpos.copy()
    for point in qmc.Halton(model.nu, seed=0).random(20):
        data.ctrl[:] = 0.0
        for chain, where in scene.parts:
            index = chain.actuated_index
            span = chain.upper[index] - chain.lower[index]
            data.ctrl[where.position_ctrl] = (
                chain.lower[index] + span * point[where.position_ctrl]
            )
        for hand in scene.hands.values() if scene.body is None else ():
            data.ctrl[hand.base_position_ctrl] = start[hand.base_qpos[:3]] + 0.2 * (
                point[hand.base_position_ctrl] - 0.5
            )
            data.ctrl[hand.base_quaternion_ctrl] = rotation_quaternion(
                2 * (point[hand.base_quaternion_ctrl[:3]] - 0.5)
            )
        for _ in range(50):
            mujoco.mj_step(model, data)
    assert np.isfinite(data.qpos).all()
    assert not any(warning.number for warning in data.warning)


def test_energy_does_not_grow_without_motors(scene: Scene) -> None:
    model, data = scene.model, rest_apart(scene)
    flags, gravity = model.opt.disableflags, model.opt.gravity.copy()
    model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_ACTUATION)
    model.opt.enableflags |= int(mujoco.mjtEnableBit.mjENBL_ENERGY)
    # Compensated gravity does no work, so what is left is kinetic energy.
    model.opt.gravity[:] = 0.0
    rng = np.random.default_rng(0)
    for chain, where in scene.parts:
        matrix, _ = chain.expansion
        data.qvel[where.dof] = matrix @ rng.normal(0, 1, matrix.shape[1])
    for hand in scene.hands.values():
        data.qvel[hand.base_dof] = rng.normal(0, 0.2, len(hand.base_dof))
    mujoco.mj_forward(model, data)
    start, highest = float(data.energy[1]), 0.0
    for _ in range(1000):
        mujoco.mj_step(model, data)
        highest = max(highest, float(data.energy[1]))
    model.opt.disableflags, model.opt.gravity[:] = flags, gravity
    # Limits and couplings are springs: they may give back, within a few per cent.
    assert highest < 1.05 * start
    assert float(data.energy[1]) < start


def test_a_robot_at_rest_touches_nothing(scene: Scene) -> None:
    data = rest_apart(scene)
    mujoco.mj_forward(scene.model, data)
    assert data.ncon == 0


def test_arms_hold_still_under_the_weight_of_the_hands(g1: RobotSpec) -> None:
    """Gravity is in the motors' torque, and does not move the arms."""
    scene = build_scene(g1)
    data = rest_apart(scene)
    assert scene.body is not None
    elbow = g1.body.chain.joint_names.index("left_elbow_joint")
    for chain, where in scene.parts:
        data.ctrl[where.position_ctrl] = data.qpos[where.qpos][chain.actuated_index]
    start = data.qpos.copy()
    for _ in range(500):
        mujoco.mj_step(scene.model, data)
    np.testing.assert_allclose(data.qpos, start, atol=1e-3)
    dof = scene.body.dof[elbow]
    weight = float(data.qfrc_actuator[dof])
    # 0.2 m of forearm and a hand, 1.9 kg of them, weigh newton metres, not tenths.
    assert 1.0 < abs(weight) < 5.0
    scene.model.opt.gravity[:] = 0.0
    for _ in range(500):
        mujoco.mj_step(scene.model, data)
    assert abs(float(data.qfrc_actuator[dof])) < 0.01 * abs(weight)


def test_hands_are_never_excluded_from_one_another(scene: Scene) -> None:
    model = scene.model
    for signature in model.exclude_signature:
        first, second = int(signature) >> 16, int(signature) & 0xFFFF
        owners = {model.body(b).name.split("_")[0] for b in (first, second)}
        assert owners != set(SIDES)


def test_a_forearm_cannot_pass_through_the_trunk_or_the_other_arm(g1) -> None:
    model = build_scene(g1).model
    excluded = {
        frozenset(
            (model.body(int(s) >> 16).name, model.body(int(s) & 0xFFFF).name)
        )
        for s in model.exclude_signature
    }  # fmt: skip
    for link in ("elbow", "wrist_roll", "wrist_pitch", "wrist_yaw"):
        left = f"{BODY}_left_{link}_link"
        for other in ("torso_link", "head_link", f"right_{link}_link"):
            assert frozenset((left, f"{BODY}_{other}")) not in excluded


def test_every_fingertip_and_palm_has_a_surface(scene: Scene) -> None:
    for side, hand in scene.hands.items():
        wanted = {f"{name}_tip" for name in scene.robot.hands[side].fingers} | {"palm"}
        assert set(hand.point_geoms) == wanted
        assert all(hand.point_geoms.values())


def test_one_hand_makes_a_scene_of_its_own_unless_arms_carry_both(any_robot) -> None:
    scene = build_scene(any_robot, ("right",))
    assert scene.sides == (("right",) if any_robot.body is None else SIDES)
    assert set(np.unique(scene.geom_side)) == {
        -1, *(SIDES.index(side) for side in scene.sides)
    }  # fmt: skip


def test_servos_track_without_oscillation_or_saturation(any_robot) -> None:
    for chain in any_robot.chains:
        trial = try_gains(any_robot, chain.side)
        assert trial.good, (chain.side, trial)


def test_an_identification_replaces_gains_that_are_too_soft(g1: RobotSpec) -> None:
    hand = g1.hands["left"]
    soft = replace(hand, gains=Gains(hand.gains.kp / 30, hand.gains.kv / 5, "soft"))
    robot = replace(g1, hands={**g1.hands, "left": soft})
    gains, now, after = identify(robot, "left")
    assert not now.good
    assert after.good
    assert after.error.max() < now.error.max()
    assert (gains.kp > soft.gains.kp).all()


@pytest.mark.parametrize(
    "damage", [lambda text: text[: len(text) // 2], lambda text: "", lambda _: "<a/>"]
)
def test_a_broken_urdf_is_named_in_one_line(shadow, tmp_path, damage) -> None:
    hand = shadow.hands["right"]
    broken = tmp_path / "right.urdf"
    broken.write_text(damage(hand.urdf.read_text("utf-8")), "utf-8")
    robot = replace(shadow, hands={**shadow.hands, "right": replace(hand, urdf=broken)})
    with pytest.raises(SimulationError, match=r"right\.urdf \[urdf\].*Fix: ") as caught:
        build_scene(robot)
    assert "\n" not in str(caught.value)

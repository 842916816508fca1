"""`robots add`: what is found in hands made up here, in the vendors', and in hostile files."""

import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from robots import RobotError, load_robot
from robots.add.anatomy import find_anatomy
from robots.add.folder import write_folder
from robots.add.hands import measure_hands
from robots.add.measure import Measures, measure_hand
from robots.add.mirror import mirrored
from robots.add.tree import read_tree
from robots.registry import SHIPPED, lint
from tests.robots.hand_writer import hand as made_up
from tests.robots.vendor_hands import FINGERS, HUMANOIDS, SIDES, vendor_file

VENDORS = ("allegro", "dex3", "inspire", "leap", "shadow")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty user's robot folder."""
    monkeypatch.setenv("HANDX_ROBOTS_PATH", str(tmp_path / "robots"))
    return tmp_path / "robots"


def write(tmp_path: Path, text: str, name: str = "hand.urdf") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def measured(path: Path, side: str | None = None) -> Measures:
    return measure_hand(find_anatomy(read_tree(path)), path.parent, side)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("fingers", "joints"), [(2, 2), (3, 3), (4, 4)])
def test_parts_and_side_of_a_nameless_hand_are_found(
    tmp_path: Path, side: str, fingers: int, joints: int
) -> None:
    found = measured(write(tmp_path, made_up(side, fingers, joints)))
    assert found.side == side
    order = [chain.links[0] for chain in found.anatomy.chains.values()]
    assert order == [f"chain{k}_link0" for k in range(fingers + 1)]
    assert tuple(found.anatomy.chains) == FINGERS[: fingers + 1]
    frame = found.hand_frame[:3, :3]
    np.testing.assert_allclose(frame[:, 1], [0, 0, 1], atol=0.05)  # fingers
    np.testing.assert_allclose(frame[:, 2], [-1, 0, 0], atol=0.05)  # out of the back


def test_what_is_found_does_not_depend_on_how_the_hand_is_turned(
    tmp_path: Path,
) -> None:
    generator = np.random.default_rng(3)
    straight = measured(write(tmp_path, made_up()))
    for _ in range(4):
        turn = generator.uniform(-3, 3, 3)
        turned = measured(write(tmp_path, made_up(turn=turn)))
        assert turned.side == "right"
        assert list(turned.anatomy.chains.values()) == list(
            straight.anatomy.chains.values()
        )
        np.testing.assert_allclose(turned.hand_frame, straight.hand_frame, atol=1e-9)


def test_names_are_believed_where_they_name_every_finger(tmp_path: Path) -> None:
    names = ("thumb", "ring", "middle", "index", "pinky")  # not their order across
    anatomy = find_anatomy(read_tree(write(tmp_path, made_up(names=names))))
    assert {f: c.links[0] for f, c in anatomy.chains.items()} == {
        name: f"{name}_link0" for name in names
    }


def test_fingertips_are_where_the_distal_links_end(tmp_path: Path) -> None:
    found = measured(write(tmp_path, made_up()))
    for pad in found.pads.values():
        # A bone 22 mm long and 14 mm thick.
        assert 0.005 < pad.radius <= 0.0071
        assert pad.centre[2] + pad.radius == pytest.approx(0.022, abs=2e-3)


def test_the_robot_of_a_hand_passes_the_lint_and_has_its_kinematics(
    tmp_path: Path, home: Path
) -> None:
    path = write(tmp_path, made_up("left", 3, 4))
    folder = write_folder(measure_hands([path]), "mine", "Mine", tmp_path)
    assert folder == home / "mine"
    assert [line for line in lint(folder) if "capability" not in line] == []
    assert not list(home.glob(".handx-*"))
    robot = load_robot("mine")
    names = [n for each in robot.hands.values() for n in each.wire_names]
    assert len(set(names)) == len(names) == 2 * 15
    tree, ours = read_tree(path), read_tree(robot.hands["left"].urdf)
    q = np.random.default_rng(0).uniform(0, 1.5, len(ours.joints))
    angles = {j.name: float(a) for j, a in zip(tree.joints, q, strict=False)}
    expected, got = tree.forward(angles), ours.forward(angles)
    for link, pose in expected.items():
        name = "hand_base" if link == "base" else link  # the simulation has a "base"
        np.testing.assert_allclose(got[name], pose, atol=1e-12)


def test_impossible_inertias_are_replaced_by_possible_ones(
    tmp_path: Path, home: Path
) -> None:
    mujoco = pytest.importorskip("mujoco")
    bad = (
        '<inertial><mass value="0.1"/><inertia ixx="1e-5" iyy="1e-5" izz="9e-5" '
        'ixy="0" ixz="0" iyz="0"/></inertial>'
    )
    text = made_up().replace(
        '<link name="chain1_link1">', f'<link name="chain1_link1">{bad}'
    )
    path = write(tmp_path, text)
    with pytest.raises(ValueError, match="inertia"):
        mujoco.MjModel.from_xml_path(str(path))
    write_folder(measure_hands([path]), "mine", "Mine", tmp_path)
    for hand in load_robot("mine").hands.values():
        model = mujoco.MjModel.from_xml_path(str(hand.urdf))
        assert model.body("chain1_link1").mass[0] == pytest.approx(0.1)


def test_the_mirror_image_moves_as_the_hand_does(tmp_path: Path) -> None:
    one = measured(write(tmp_path, made_up("right", 4, 4, (0.3, -0.8, 1.1))))
    other = mirrored(one)
    assert other.side == "left"
    joints = [j.name for j in one.anatomy.tree.joints if j.moves]
    generator = np.random.default_rng(1)
    for _ in range(5):
        angles = dict(zip(joints, generator.uniform(0, 1.4, len(joints)), strict=True))
        tips = []
        for hand in (one, other):
            poses = hand.anatomy.tree.forward(angles)
            T = np.linalg.inv(poses[hand.palm_link] @ hand.hand_frame)
            tips.append(
                np.array(
                    [
                        (T @ poses[pad.link] @ np.append(pad.centre, 1))[:3]
                        for pad in hand.pads.values()
                    ]
                )
            )
        np.testing.assert_allclose(tips[1], tips[0] * [-1, 1, 1], atol=1e-12)


def test_an_open_choice_names_the_option_that_answers(tmp_path: Path) -> None:
    # Three alike fingers about a hub: any of them may be the thumb.
    lines = ['<robot name="claw">', '<link name="hub"/>']
    for k in range(3):
        parent, step = "hub", f'xyz="0 0 0.02" rpy="0 0 {2 * math.pi * k / 3}"'
        for i in range(2):
            lines.append(f'<link name="f{k}_{i}"/>')
            lines.append(
                f'<joint name="j{k}_{i}" type="revolute"><parent link="{parent}"/>'
                f'<child link="f{k}_{i}"/><origin {step}/><axis xyz="0 1 0"/>'
                '<limit lower="0" upper="1" effort="1" velocity="1"/></joint>'
            )
            parent, step = f"f{k}_{i}", 'xyz="0.02 0 0.03"'
        lines.append(
            f'<link name="t{k}"/><joint name="tip{k}" type="fixed">'
            f'<parent link="{parent}"/><child link="t{k}"/>'
            '<origin xyz="0 0 0.03"/></joint>'
        )
    path = write(tmp_path, "\n".join([*lines, "</robot>"]))
    with pytest.raises(RobotError, match="--fingers"):
        measure_hands([path])
    given = {"thumb": "f0_0", "index": "f1_0", "middle": "j2_1"}
    hands = measure_hands([path], fingers=given)
    assert hands["right"].anatomy.chains["middle"].links == ("f2_0", "f2_1")
    notes = [note for hand in hands.values() for note in hand.notes]
    assert any("no readable shape" in note for note in notes)


def test_both_hands_of_one_side_are_refused(tmp_path: Path) -> None:
    first = write(tmp_path, made_up("right"), "a.urdf")
    second = write(tmp_path, made_up("right"), "b.urdf")
    with pytest.raises(RobotError, match="both files describe a right hand"):
        measure_hands([first, second])


def test_a_wrong_side_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RobotError, match="that of a left hand"):
        measured(write(tmp_path, made_up("left")), "right")


BILLION_LAUGHS = (
    '<!DOCTYPE robot [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><robot name="&b;"/>'
)
MESH = (
    '<link name="m"><visual><geometry><mesh filename="{}"/></geometry></visual></link>'
)
FIX = '<joint name="jm" type="fixed"><parent link="body"/><child link="m"/></joint>'
HOSTILE: dict[str, tuple[Callable[[str], str], str]] = {
    "entities": (lambda t: BILLION_LAUGHS, "entity declarations are not allowed"),
    "no xml": (lambda t: t[: len(t) // 2], "not well-formed"),
    "deep": (
        lambda t: '<robot name="x">' + "<a>" * 200 + "</a>" * 200 + "</robot>", "nested"
    ),
    "planar": (lambda t: t.replace('"revolute"', '"planar"', 1), "'planar'"),
    "floating": (lambda t: t.replace('"fixed"', '"floating"', 1), "'floating'"),
    "cycle": (
        lambda t: t.replace('child link="chain1_link2"', 'child link="chain1_link0"'),
        "two parents|child of two|loop|more than one|is the child",
    ),
    "nan": (lambda t: t.replace('xyz="0 0 0.035"', 'xyz="0 nan 0.035"', 1), "finite"),
    "no limits": (lambda t: t.replace("<limit", "<nolimit", 1), "<limit>|well-formed"),
    "no lower limit": (lambda t: t.replace('lower="0.0"', 'lower="x"', 1), "finite"),
    "backward limits": (
        lambda t: t.replace('upper="1.5"', 'upper="-1.5"', 1), "not below"
    ),
    "kilometres": (lambda t: t.replace('"0 0 0.035"', '"0 0 35"', 1), "metres"),
    "axis": (lambda t: t.replace('xyz="0 1 0"', 'xyz="0 0 0"', 1), "no length"),
    "mesh outside": (
        lambda t: t.replace("</robot>", MESH.format("../../x.obj") + FIX + "</robot>"),
        "leaves.*--package",
    ),
    "absolute mesh": (
        lambda t: t.replace("</robot>", MESH.format("/etc/passwd") + FIX + "</robot>"),
        "leaves",
    ),
    "mesh by http": (
        lambda t: t.replace("</robot>", MESH.format("http://x/y.obj") + FIX + "</robot>"),
        "no path",
    ),
    "damaged mesh": (
        lambda t: t.replace("</robot>", MESH.format("bad.obj") + FIX + "</robot>"),
        "is damaged",
    ),
    "nan in a mesh": (
        lambda t: t.replace("</robot>", MESH.format("nan.obj") + FIX + "</robot>"),
        "NaN",
    ),
    "many links": (
        lambda t: t.replace(
            "</robot>", "".join(f'<link name="x{k}"/>' for k in range(1100)) + "</robot>"
        ),
        "more than 1000 links",
    ),
    "two fingers": (lambda t: made_up(fingers=1), "3 to 5 fingers"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused_and_nothing_is_written(
    tmp_path: Path, home: Path, case: str
) -> None:
    change, complaint = HOSTILE[case]
    (tmp_path / "bad.obj").write_text("v 1 2\nv x y z\nf 1 2 3\n")
    (tmp_path / "nan.obj").write_text("v 0 0 0\nv nan 0 0\nv 0 1 0\nf 1 2 3\n")
    before = made_up()
    after = change(before)
    assert after != before
    path = write(tmp_path, after)
    with pytest.raises(RobotError, match=complaint) as caught:
        write_folder(measure_hands([path]), "mine", "Mine", tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert not home.exists()


def test_an_endless_mesh_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from robots.add import shapes

    monkeypatch.setattr(shapes, "MAX_MESH_BYTES", 1000)
    (tmp_path / "big.obj").write_text("v 0 0 0\n" * 1000)
    with pytest.raises(RobotError, match="larger than"):
        shapes.read_mesh(tmp_path / "big.obj")
    monkeypatch.setattr(shapes, "MAX_TRIANGLES", 5)
    faces = "v 0 0 0\nv 1 0 0\nv 0 1 0\n" + "f 1 2 3\n" * 6
    (tmp_path / "many.obj").write_text(faces)
    with pytest.raises(RobotError, match="more than 5 triangles"):
        shapes.read_mesh(tmp_path / "many.obj")


def test_a_taken_name_is_kept_unless_told(tmp_path: Path, home: Path) -> None:
    hands = measure_hands([write(tmp_path, made_up())])
    write_folder(hands, "mine", "First", tmp_path)
    with pytest.raises(RobotError, match="there already"):
        write_folder(hands, "mine", "Second", tmp_path)
    assert load_robot("mine").title == "First"
    write_folder(hands, "mine", "Second", tmp_path, replace=True)
    assert load_robot("mine").title == "Second"
    with pytest.raises(RobotError, match="--name"):
        write_folder(hands, "../mine", "x", tmp_path)
    assert [p.name for p in home.iterdir()] == ["mine"]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("robot", VENDORS)
def test_vendors_hands_are_read_as_the_shipped_ones_say(
    robot: str, side: str, shared_dir: Path
) -> None:
    """Fingers, side, frame and fingertips agree with the folders that were checked."""
    path = vendor_file(shared_dir, robot, side)
    began = time.process_time()
    found = measured(path)
    assert time.process_time() - began < 10
    ours = load_robot(robot).hands[side]
    assert found.side == side
    assert {f: c.joints for f, c in found.anatomy.chains.items()} == {
        name: finger.joints for name, finger in ours.fingers.items()
    }
    # Frames in the palm link of the vendor and of ours, which is the same link.
    turn = found.hand_frame[:3, :3].T @ ours.T_palm_hand[:3, :3]
    assert np.degrees(np.arccos((np.trace(turn) - 1) / 2)) < 10
    tree = read_tree(ours.urdf)
    rest = dict(zip(ours.joint_names, map(float, ours.rest_pose), strict=True))
    ours_at, theirs_at = tree.forward(rest), found.anatomy.tree.forward(rest)
    for finger, pad in found.pads.items():
        spec = ours.fingers[finger]
        ours_last = np.linalg.inv(ours_at[spec.links[-1]]) @ ours_at[spec.tip_link]
        assert np.linalg.norm(pad.centre - ours_last[:3, 3]) < 0.004
        assert pad.radius == pytest.approx(spec.pad_radius, abs=0.002)
        assert pad.link in theirs_at


@pytest.mark.parametrize("file", HUMANOIDS)
def test_both_hands_of_a_humanoid_are_found(file: str, shared_dir: Path) -> None:
    hands = measure_hands([shared_dir / "robots" / file])
    ours = load_robot(HUMANOIDS[file])
    for side in SIDES:
        assert {f: c.joints for f, c in hands[side].anatomy.chains.items()} == {
            name: finger.joints for name, finger in ours.hands[side].fingers.items()
        }
        assert {j.name for j in hands[side].anatomy.tree.joints if j.moves} == set(
            ours.hands[side].joint_names
        )


def test_a_shipped_urdf_is_read_again(tmp_path: Path) -> None:
    """Our own descriptions have no meshes, only capsules; they are hands all the same."""
    for robot in ("leap", "shadow"):
        spec = load_robot(robot).hands["right"]
        found = measured(SHIPPED / robot / "right.urdf")
        assert {f: c.joints for f, c in found.anatomy.chains.items()} == {
            name: finger.joints for name, finger in spec.fingers.items()
        }
        assert found.side == "right"

"""Finding, loading and linting robot folders; foreign files are not trusted."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from robots import RobotError, load_robot, robot_names
from robots.capability import read_capability
from robots.registry import SHIPPED, folder_sha256, lint
from tests.robots.robot_models import ROBOTS

Edit = Callable[[str], str]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A user's copy of the Inspire folder, free to be damaged."""
    folder = tmp_path / "mine"
    shutil.copytree(SHIPPED / "inspire", folder)
    return folder


def edit(folder: Path, name: str, change: Edit) -> None:
    path = folder / name
    before = path.read_text("utf-8")
    after = change(before)
    assert after != before
    path.write_text(after, "utf-8")


def test_shipped_robots_are_listed_and_pass_the_lint() -> None:
    assert set(ROBOTS) <= set(robot_names())
    for name in ROBOTS:
        assert lint(SHIPPED / name) == []


@pytest.mark.parametrize("name", ROBOTS)
def test_names_on_the_wire_are_unique(name: str) -> None:
    robot = load_robot(name)
    names = [n for hand in robot.hands.values() for n in hand.wire_names]
    assert len(set(names)) == len(names) == 2 * len(robot.hands["left"].joint_names)
    for controller, hand in zip(robot.controllers, robot.hands.values(), strict=True):
        assert controller.name == f"{hand.side}_hand_controller"
        assert controller.joints == tuple(hand.wire_prefix + n for n in hand.actuated)


def test_shadow_has_the_real_robots_names() -> None:
    right = load_robot("shadow").hands["right"]
    assert right.wire_names[:6] == (
        "rh_WRJ2", "rh_WRJ1", "rh_FFJ4", "rh_FFJ3", "rh_FFJ2", "rh_FFJ1",
    )  # fmt: skip
    assert right.wire_names[-1] == "rh_THJ1"


def test_unknown_robot_lists_the_choices() -> None:
    with pytest.raises(RobotError, match=r"unknown robot.*inspire, leap, shadow"):
        load_robot("shaddow")


@pytest.mark.parametrize("route", ["HANDX_ROBOTS_PATH", "XDG_DATA_HOME", "path"])
def test_own_robots_are_found(
    copy: Path, tmp_path: Path, route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: str | Path = "mine"
    if route == "HANDX_ROBOTS_PATH":
        monkeypatch.setenv(route, f"{tmp_path / 'nowhere'}:{tmp_path}")
    elif route == "XDG_DATA_HOME":
        (tmp_path / "handx" / "robots").mkdir(parents=True)
        shutil.move(copy, tmp_path / "handx" / "robots" / "mine")
        monkeypatch.setenv(route, str(tmp_path))
    else:
        wanted = copy
    robot = load_robot(wanted)
    assert robot.name == "mine"
    assert robot.sha256 == load_robot("inspire").sha256
    if route != "path":
        assert "mine" in robot_names()


def test_the_hash_is_of_what_moves_the_robot(copy: Path) -> None:
    before = folder_sha256(copy)
    edit(copy, "README.md", lambda text: text + "\nA note.\n")
    (copy / "capability.json").unlink()
    for name in ("hand.toml", "left.urdf"):
        data = (copy / name).read_bytes()
        (copy / name).write_bytes(data.replace(b"\n", b"\r\n"))
    assert folder_sha256(copy) == before
    edit(copy, "hand.toml", lambda text: text.replace("velocity = 1.8", "velocity = 2"))
    assert folder_sha256(copy) != before


def test_a_spec_cannot_be_changed() -> None:
    hand = load_robot("shadow").hands["left"]
    with pytest.raises(ValueError, match="read-only"):
        hand.upper[0] = 3.0
    with pytest.raises(AttributeError):
        hand.side = "right"  # type: ignore[misc]


URDF = "right.urdf"
BOMB = (
    '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>\n'
    '<robot name="r"><link name="&b;"/></robot>'
)
MESH = "<collision><geometry><mesh filename={}/></geometry></collision></link>"


def mesh(filename: str) -> Edit:
    return lambda t: t.replace("</link>", MESH.format(f'"{filename}"'), 1)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda t: BOMB, "DOCTYPE"),
        (lambda t: '<!DOCTYPE r SYSTEM "file:///etc/passwd"><robot/>', "DOCTYPE"),
        (mesh("../../../etc/passwd"), "'../../../etc/passwd' leaves"),
        (mesh("/etc/passwd"), "'/etc/passwd' leaves"),
        (mesh("file:///etc/passwd"), "leaves"),
        (mesh("package://other/x.obj"), "package path"),
        (lambda t: t[: len(t) // 2], "not well-formed XML"),
        (lambda t: "<sdf/>", "not <robot>"),
        (lambda t: t.replace('upper="1.3"', 'upper="nan"'), "'nan' is not a finite"),
        (lambda t: t.replace('upper="1.3"', 'upper="-2"'), "not below upper"),
        (lambda t: t.replace('type="revolute"', 'type="continuous"', 1), "continuous"),
        (lambda t: t.replace('"R_thumb_pad"', '"thumb_end"'), "R_thumb_pad.*missing"),
        (
            lambda t: t.replace('"R_middle_proximal_joint"', '"knuckle"'),
            "R_middle_proximal_joint.*missing",
        ),
        (
            lambda t: t.replace('child link="R_index_tip"', 'child link="R_ring_tip"'),
            "child of two joints",
        ),
        (
            lambda t: t.replace(
                '<mimic joint="R_ring_proximal_joint"',
                '<mimic joint="R_ring_intermediate_joint"',
            ),
            "circle",
        ),
        (lambda t: t.replace('multiplier="2.4"', 'multiplier="0"'), "multiplier is 0"),
        (lambda t: t.replace('upper="0.8"', 'upper="-0.1"').replace(
            'lower="0" upper="-0.1"', 'lower="-0.9" upper="-0.8"'), "no position"),
    ],
)  # fmt: skip
def test_a_bad_urdf_is_refused_by_name(
    copy: Path, change: Edit, complaint: str
) -> None:
    edit(copy, URDF, change)
    with pytest.raises(RobotError, match=complaint) as caught:
        load_robot(copy)
    assert str(copy / URDF) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda t: t[:400] + "=", "not valid TOML"),
        (lambda t: t.replace("base_kind =", "kind ="), r"\[base_kind\]: is missing"),
        (lambda t: t.replace('"free"', '"flying"'), "flying"),
        (lambda t: t.replace("velocity = 1.8", 'velocity = "fast"'), r"joints\[0\].vel"),
        (lambda t: t.replace("velocity = 1.8", "velocity = nan"), "finite"),
        (lambda t: t.replace("velocity = 1.8", "velocity = -1"), "above 0"),
        (lambda t: t.replace("rest = 0.3", "rest = 3.0"), "rest_pose"),
        (lambda t: t.replace('{ name = "ring_proximal_joint"', '{ name = "x"'), "R?_?x"),
        (lambda t: t.replace("wrist = [0.0, 0.0, 0.0]", "wrist = [0.0]"), "3 numbers"),
        (lambda t: t.replace("dorsal = [1.0, 0.0", "dorsal = [0.0, 0.0"), "parallel"),
        (lambda t: t.replace('"joint_trajectory", topic', '"telepathy", topic'), "telep"),
        (lambda t: t.replace('"hand_base_link", -0.0', '"hand", -0.0'), "R?L?_hand.*miss"),
        (lambda t: t.replace('  ["hand_base_link", ', '  ["hand_base_link", "a", ', 1),
         "needs"),
    ],
)  # fmt: skip
def test_a_bad_hand_toml_is_refused_by_name(
    copy: Path, change: Edit, complaint: str
) -> None:
    edit(copy, "hand.toml", change)
    with pytest.raises(RobotError, match=complaint) as caught:
        load_robot(copy)
    assert str(copy) in str(caught.value)


def test_two_hands_with_the_same_names_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(SHIPPED / "shadow", folder)
    edit(folder, "hand.toml", lambda t: t.replace('"lh_"', '""').replace('"rh_"', '""'))
    with pytest.raises(RobotError, match=r"used twice.*own wire_prefix"):
        load_robot(folder)


@pytest.mark.parametrize(
    ("name", "change", "finding"),
    [
        ("hand.toml", lambda t: t.replace("velocity = \"derived", "speed = \"derived"),
         "sources.velocity"),
        ("hand.toml", lambda t: t.replace("inertia = ", "mass = "), "sources.inertia"),
        ("hand.toml", lambda t: t.replace("pad_radius = 0.0042", "pad_radius = 4.2", 1),
         "pad radius 4.2"),
        ("hand.toml", lambda t: t.replace('"ring_proximal", "ring_intermediate"]',
                                          '"ring_intermediate", "ring_proximal"]'),
         "ring_proximal does not hang on"),
        ("right.urdf", lambda t: t.replace('<mass value="0.0042403"/>',
                                           '<mass value="0"/>', 1), "has no mass"),
        ("left.urdf", lambda t: t.replace('effort="1"', 'effort="0"', 1), "effort limit"),
        ("capability.json", lambda t: t.replace('"urdf_sha256": "', '"urdf_sha256": "0'),
         "other URDFs"),
    ],
)  # fmt: skip
def test_the_lint_finds(copy: Path, name: str, change: Edit, finding: str) -> None:
    assert lint(copy) == []
    edit(copy, name, change)
    assert any(finding in line for line in lint(copy)), lint(copy)


@pytest.mark.parametrize(
    "name", ["README.md", "LICENSE", "capability.json", "hand.toml"]
)
def test_the_lint_misses_no_file(copy: Path, name: str) -> None:
    (copy / name).unlink()
    assert any(name in line and "missing" in line for line in lint(copy))


def test_capability_is_read_with_what_lacks(copy: Path) -> None:
    capability = read_capability(load_robot("inspire"))
    assert capability is not None
    lacks = capability.unreachable
    assert lacks["right.thumb_tip|right.pinky_tip"] > 0.03
    assert "right.thumb_tip|right.index_tip" not in lacks
    assert np.isfinite(list(capability.floors.values())).all()
    (copy / "capability.json").unlink()
    assert read_capability(load_robot(copy)) is None
    (copy / "capability.json").write_text('{"pairs": [1, 2]}')
    with pytest.raises(RobotError, match=r"run: python -m retarget.capability mine"):
        read_capability(load_robot(copy))


def test_two_robots_put_together_have_one_hand_of_each() -> None:
    both = load_robot("shadow+inspire")
    shadow, inspire = load_robot("shadow"), load_robot("inspire")
    assert both.hands["left"].wire_names == shadow.hands["left"].wire_names
    assert both.hands["right"].wire_names == inspire.hands["right"].wire_names
    assert [c.name for c in both.controllers] == [
        "left_hand_controller", "right_hand_controller",
    ]  # fmt: skip
    assert len({both.sha256, shadow.sha256, load_robot("inspire+shadow").sha256}) == 3
    reach = read_capability(both)
    own = read_capability(inspire)
    assert reach is not None
    assert own is not None
    # What Inspire's right hand cannot close stays so; Shadow's left hand closes all.
    assert reach.unreachable == {
        p: gap for p, gap in own.unreachable.items() if p.startswith("right.")
    }
    assert set(reach.pairs) == set(own.pairs)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("shadow+", "unknown robot"),
        ("shadow+shaddow", "unknown robot"),
        ("shadow+leap+inspire", "names 3 robots"),
        ("shadow+g1-dex3", "has arms.*Fix: take its hands alone: dex3"),
    ],
)
def test_what_cannot_be_put_together_is_refused(name: str, problem: str) -> None:
    with pytest.raises(RobotError, match=problem):
        load_robot(name)

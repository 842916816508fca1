"""The options that constrain a motion: what they mean, and what they refuse by name."""

from pathlib import Path

import numpy as np
import pytest

from handx.cli.control import Control
from handx_gen.control import Apart, Touch
from handx_gen.control.pose import exponential
from handx_gen.errors import InputError
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import perform
from handx_gen.prompt import Plan
from handx_gen.skeleton import CHAIN_INDEX, JOINT


@pytest.fixture(scope="module")
def clap(tmp_path_factory) -> Path:
    return perform("clap twice", seconds=2).save(
        tmp_path_factory.mktemp("clap") / "clap.npz"
    )


@pytest.fixture(scope="module")
def left(clap) -> Path:
    motion = BimanualMotion.load(clap)
    one = BimanualMotion(motion.joints, present=np.array([True, False]))
    return one.save(clap.parent / "left.npz")


def test_keyframes_name_frames_and_parts(clap):
    motion = BimanualMotion.load(clap)
    control = Control(
        keyframe=(f"{clap}@0-9", f"{clap}@1s,left", f"{clap}#12@50,right.index")
    )
    constraints = control.constraints()
    assert constraints.frames == 60
    given = constraints.given
    assert given.mask[:10].all()
    assert given.mask[30, 0].all()
    assert not given.mask[30, 1].any()
    chain = CHAIN_INDEX["index"][1:]
    assert np.array_equal(given.joints[50, 1, chain], motion.joints[12, 1, chain])


def test_a_pose_of_one_frame_may_stand_anywhere(clap, tmp_path):
    pose = BimanualMotion(BimanualMotion.load(clap).joints[:1])
    pose.save(tmp_path / "pose.npz")
    given = Control(keyframe=(f"{tmp_path}/pose.npz@44",)).constraints().given
    assert np.array_equal(given.joints[44], pose.joints[0])


def test_a_held_hand_gives_its_length(left, clap):
    given = Control(hold=(str(left),)).constraints().given
    assert len(given.mask) == 61
    assert given.mask[:, 0].all()
    assert not given.mask[:, 1].any()
    with pytest.raises(InputError, match=r"both hands.*@left"):
        Control(hold=(str(clap),)).constraints()
    with pytest.raises(InputError, match=r"lengths that differ.*61.*--seconds 90"):
        Control(hold=(str(left),)).constraints(3.0)


def test_a_table_gives_paths_and_palms(tmp_path):
    turn = exponential(np.array([0.0, 0.0, 0.6]))
    path = tmp_path / "path.csv"
    path.write_text(
        "side,frame,x,y,z,qw,qx,qy,qz\n"
        f"right,5,0.1,0.2,0.3,{np.cos(0.3)},0,0,{np.sin(0.3)}\n"
    )
    given = Control(wrist_path=(path,)).constraints().given
    assert np.allclose(given.joints[5, 1, 0], [0.1, 0.2, 0.3])
    assert given.mask.sum() == 1
    assert np.allclose(given.rotation[5, 1], turn)
    assert given.turned.sum() == 1


def test_relations_and_targets_read_times():
    constraints = Control(
        touch=("left.index_tip,right.thumb_tip@1.2s",),
        apart=("left.palm,right.palm=25@0-9",),
        target=("right.index_tip=0.1,-0.05,0.02@30",),
    ).constraints(3.0)
    assert constraints.frames == 90
    apart, touch = constraints.relations
    assert touch == Touch(("left.index_tip", "right.thumb_tip"), 36, 37)
    assert apart == Apart(("left.palm", "right.palm"), 0, 10, 0.025)
    place = constraints.given.joints[30, 1, JOINT["index_tip"]]
    assert np.allclose(place, [0.1, -0.05, 0.02])


@pytest.mark.parametrize(
    ("change", "free"),
    [("20-40", 21 * 2 * 21), ("left", 61 * 21), ("left.index@20-40", 21 * 3)],
)
def test_an_edit_frees_what_it_names(clap, change, free):
    given = Control(edit=clap, change=change).constraints().given
    assert (~given.mask).sum() == free


def test_a_plan_gives_its_length():
    plan = Plan.from_text("clap twice", 4.0)
    touch = ("left.palm,right.palm@3s",)
    assert Control(touch=touch).constraints(plan=plan).frames == 120


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"keyframe": ("clap.npz",)}, "--keyframe clap.npz.*@30"),
        ({"keyframe": ("none.npz@3",)}, "none.npz.*no such file"),
        ({"touch": ("left.index_tip@3",)}, "two points"),
        ({"touch": ("left.palm,right.palm@soon",)}, "soon"),
        ({"touch": ("left.palm,right.palm@9-3",)}, "backwards"),
        ({"touch": ("left.palm,right.palm=3@9",)}, "leave it out"),
        ({"apart": ("left.palm,right.palm=far@9",)}, "millimetres"),
        ({"target": ("left.wrist=1,2@9",)}, "three numbers"),
        ({"change": "left"}, "--edit"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(options, said):
    with pytest.raises(InputError, match=said):
        Control(**options).constraints()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("side,frame,x,y\nleft,1,0,0\n", "z"),
        ("side,frame,x,y,z\nup,1,0,0,0\n", "up"),
        ("side,frame,x,y,z\nleft,1,0,zero,0\n", "not numbers"),
        ("side,frame,x,y,z\nleft,1,0,nan,0\n", "NaN"),
        ("side,frame,x,y,z,qw,qx,qy,qz\nleft,1,0,0,0,2,0,0,0\n", "unit length"),
        ("side,frame,x,y,z\nleft,99,0,0,0\n", "99"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path, text, said):
    path = tmp_path / "path.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=f"path.csv.*{said}"):
        Control(wrist_path=(path,)).constraints()

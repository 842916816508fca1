"""Data sets kept as MANO parameters: ARCTIC and HOT3D, each with its own mean pose."""

import json

import numpy as np
import pytest

from handx_gen.errors import InputError
from handx_gen.mano import PAPER_TIP_VERTICES, ManoHand, joints
from handx_gen.mano_file import FOLDER_VARIABLE, load_mano
from handx_gen.skeleton import JOINT, SIDES
from training.data.importer import import_source
from training.data.sources import SOURCES, hot3d_mano, read_source, sniff_source

pytest.importorskip("smplx", reason="needs the extra mano: make test-mano")

FRAMES = 12


def arctic_hands(seed=0):
    """As in a `*.mano.npy`: two hands side by side, fingers bending."""
    draw = np.random.default_rng(seed)
    held = {}
    for k, side in enumerate(SIDES):
        held[side] = {
            "rot": draw.normal(0, 0.1, (FRAMES, 3)) + [0, 0, 0.3],
            "pose": draw.normal(0, 0.1, (FRAMES, 45)),
            "trans": draw.normal(0, 0.01, (FRAMES, 3)) + [0.4 * k, 0.2, 1.1],
            "shape": draw.normal(size=10),
            "fitting_err": draw.uniform(0, 0.01, FRAMES),
        }
    return held


@pytest.fixture
def arctic(tmp_path, folder):
    """The function (contents) → the path of a file of them, as downloaded."""

    def write(held):
        path = tmp_path / "raw_seqs/s01/box_grab_01.mano.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, held, allow_pickle=True)
        return path

    return write


def by_hand(side, values, pose, model, **options):
    hand = ManoHand(side, values["shape"], values["rot"], pose, values["trans"])
    return joints(hand, model, **options)


def test_arctic_is_read_as_its_authors_read_it(arctic):
    held = arctic_hands()
    path = arctic(held)
    [raw] = read_source("arctic", path)
    assert (raw.name, raw.group, raw.counts["rows"]) == ("s01/box_grab_01", "s01", 12)
    np.testing.assert_allclose(raw.time, np.arange(FRAMES) / 30)
    for k, side in enumerate(SIDES):
        # Offsets from the mean, and the published left model as it is.
        model = load_mano(side, mended=False)
        pose = held[side]["pose"] + model.hands_mean
        wanted = by_hand(side, held[side], pose, model)
        np.testing.assert_allclose(raw.joints[:, k], wanted, atol=1e-6)
    assert raw.details["flat_hand_mean"] is False


def test_arctic_as_the_paper_read_it_is_a_choice(arctic):
    held = arctic_hands()
    path = arctic(held)
    [truth], [paper] = read_source("arctic", path), read_source("arctic-as-paper", path)
    model = load_mano("right")
    wanted = by_hand(
        "right", held["right"], held["right"]["pose"], model, tips=PAPER_TIP_VERTICES
    )
    np.testing.assert_allclose(paper.joints[:, 1], wanted, atol=1e-6)
    tip = JOINT["middle_tip"]
    apart = np.linalg.norm(truth.joints - paper.joints, axis=-1)[:, :, tip]
    assert apart.mean() > 0.01
    assert paper.source == "arctic-as-paper"
    assert sniff_source(path) == ["arctic"], "nobody gets the paper's by accident"


def test_arctic_shapes_may_come_per_frame(arctic):
    held = arctic_hands()
    [one] = read_source("arctic", arctic(held))
    for side in SIDES:
        held[side]["shape"] = np.tile(held[side]["shape"], (FRAMES, 1))
    [many] = read_source("arctic", arctic(held))
    np.testing.assert_allclose(many.joints, one.joints, atol=1e-6)


def test_arctic_folders_are_recognised_and_searched(arctic, tmp_path):
    path = arctic(arctic_hands())
    for place in (tmp_path, tmp_path / "raw_seqs", path.parent, path):
        assert sniff_source(place) == ["arctic"]
        assert len(list(read_source("arctic", place))) == 1


class Touch:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def changed(side, name, value):
    def change(held):
        held[side][name] = value(held[side][name])

    return change


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda held: held.pop("left"), "left.*missing"),
        (lambda held: held["right"].pop("pose"), "right.pose.*missing"),
        (changed("left", "pose", lambda v: v[:, :30]), r"left.pose.*\(12, 30\)"),
        (changed("left", "rot", lambda v: v[:-1]), "left.*rows"),
        (changed("left", "trans", lambda v: v * np.nan), "left.trans.*NaN"),
        (changed("left", "shape", lambda v: v[:4]), "left.shape"),
        (lambda held: [v.update({n: v[n][:0] for n in ("rot", "pose", "trans")})
                       for v in held.values()], "rows"),
        (lambda held: held["left"].update(
            {n: held["left"][n][:6] for n in ("rot", "pose", "trans")}), "6 and 12 frames"),
        (lambda held: held.update(left=3), "left.*int"),
    ],
)  # fmt: skip
def test_bad_arctic_files_are_refused_by_field(arctic, change, named):
    held = arctic_hands()
    change(held)
    path = arctic(held)
    with pytest.raises(InputError, match=named) as error:
        list(read_source("arctic", path))
    assert path.name in str(error.value)


def test_hostile_arctic_files_execute_nothing(arctic, tmp_path):
    mark = tmp_path / "executed"
    held = arctic_hands()
    held["left"]["extra"] = Touch(mark)
    with pytest.raises(InputError, match=r"box_grab_01.*open"):
        list(read_source("arctic", arctic(held)))
    assert not mark.exists()


def test_without_a_model_nothing_is_read_and_the_message_says_what_is_missing(
    arctic, hot3d, monkeypatch
):
    takes = arctic(arctic_hands()).parent
    sequence = hot3d([hot3d_row(np.random.default_rng(0), 0)])
    assert sniff_source(takes) == ["arctic"]
    monkeypatch.delenv(FOLDER_VARIABLE)
    assert sniff_source(takes) == ["arctic"]
    for name, path in (
        ("arctic", takes), ("arctic-as-paper", takes), ("hot3d-mano", sequence),
    ):  # fmt: skip
        with pytest.raises(InputError, match=r"mano\.is\.tue\.mpg\.de"):
            SOURCES[name].recordings(path)


def test_arctic_goes_into_a_store(arctic, tmp_path):
    """From download to clips; a hundred frames of hands that open and close."""
    held = arctic_hands()
    wave = np.sin(np.linspace(0, 9, 100))[:, None]
    for k, side in enumerate(SIDES):
        bend = np.zeros((100, 15, 3))
        bend[:, :12, 2] = (0.2 + 0.2 * wave) * (1 - 2 * (side == "left"))
        held[side] |= {
            "rot": np.zeros((100, 3)),
            "trans": np.tile([0.4 * k, 0.2, 1.1], (100, 1)),
            "pose": bend.reshape(100, 45),
        }
    tally = import_source("arctic", arctic(held).parent, tmp_path / "store")
    assert tally.refused == []
    assert (tally.recordings, tally.samples, tally.clips) == (1, 100, 1)
    assert tally.kept_share > 0.5


def hot3d_row(draw, frame):
    half = 0.15 * np.sin(frame)
    return {
        "timestamp_ns": 10**15 + frame * 33_333_333,
        "hand_poses": {
            str(k): {
                "pose": draw.normal(0, 0.3, 15).tolist(),
                "betas": [0.5] * 10,
                "wrist_xform": {
                    "t_xyz": [0.4 * k, 0.2, 1.0],
                    "q_wxyz": [float(np.cos(half)), 0.0, float(np.sin(half)), 0.0],
                },
            }
            for k in range(2)
        },
    }


@pytest.fixture
def hot3d(tmp_path, folder):
    """The function (rows) → a sequence folder with them."""

    def write(rows):
        path = tmp_path / "P0007_ab12"
        path.mkdir(exist_ok=True)
        lines = "\n".join(json.dumps(row) for row in rows)
        (path / hot3d_mano.TRAJECTORY).write_text(lines)
        return path

    return write


def test_hot3d_poses_are_components_about_the_mean(hot3d):
    draw = np.random.default_rng(0)
    rows = [hot3d_row(draw, frame) for frame in range(FRAMES)]
    del rows[3]["hand_poses"]["0"]
    path = hot3d(rows)
    [raw] = read_source("hot3d-mano", path.parent)
    assert sniff_source(path) == ["hot3d-mano"]
    assert raw.group == "P0007"
    assert raw.counts == {"rows": FRAMES, "missing_left": 1}
    assert not raw.seen[3, 0]
    for k, side in enumerate(SIDES):
        model = load_mano(side)
        for frame in (0, 7):
            held = rows[frame]["hand_poses"][str(k)]
            pose = np.array(held["pose"]) @ model.hands_components[:15]
            about = np.array([[0, 0.3 * np.sin(frame), 0]])
            hand = ManoHand(
                side, np.array(held["betas"]), about, (pose + model.hands_mean)[None],
                np.array([held["wrist_xform"]["t_xyz"]]),
            )  # fmt: skip
            wanted = joints(hand, model)[0]
            np.testing.assert_allclose(raw.joints[frame, k], wanted, atol=1e-6)


def test_rows_of_both_camera_clocks_are_one_frame(hot3d):
    draw = np.random.default_rng(0)
    rows = []
    for frame in range(6):
        rows += [hot3d_row(draw, frame), hot3d_row(draw, frame)]
        rows[-1]["timestamp_ns"] += 80_000
    [raw] = read_source("hot3d-mano", hot3d(rows))
    assert len(raw.time) == 6
    assert raw.counts["lost_same_time"] == 6


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda pose: pose.pop("betas"), "betas.*missing"),
        (lambda pose: pose.update(pose=[0.0] * 45), r"pose.*\(45,\)"),
        (lambda pose: pose.update(pose=[99.0] * 15), "beyond any hand"),
        (lambda pose: pose["wrist_xform"].update(q_wxyz=[1, 1, 0, 0]), "q_wxyz"),
        (lambda pose: pose["wrist_xform"].update(t_xyz=[0, 0]), "t_xyz"),
    ],
)
def test_bad_hot3d_rows_are_refused_by_field(hot3d, change, named):
    rows = [hot3d_row(np.random.default_rng(0), frame) for frame in range(4)]
    change(rows[2]["hand_poses"]["1"])
    with pytest.raises(InputError, match=rf"row 2, hand 1.*{named}"):
        list(read_source("hot3d-mano", hot3d(rows)))


def test_the_recording_lies_where_its_other_poses_are(folder, shared_dir):
    """Same sequence by UmeTrack: wrists and directions agree, though shapes are made up.

    The model's wrist is 96 mm from its origin, as MANO's: taking `t_xyz` for the wrist, or
    turning about the origin, would put the hand that far off.
    """
    sequence = shared_dir / "real_hands/hot3d_sample/Aria/P0003_c701bd11"
    [mano] = read_source("hot3d-mano", sequence)
    [other] = read_source("hot3d", sequence)
    np.testing.assert_allclose(mano.time, other.time, atol=1e-9)
    apart = np.linalg.norm(mano.joints - other.joints, axis=-1)
    assert apart[:, :, JOINT["wrist"]].max() < 0.03
    assert apart[:, :, JOINT["middle_mcp"]].max() < 0.04
    knuckles = [
        JOINT[f"{finger}_mcp"] for finger in ("index", "middle", "ring", "pinky")
    ]
    for first, second in ((0, knuckles[1]), (knuckles[0], knuckles[3])):
        directions = []
        for raw in (mano, other):
            along = raw.joints[:, :, second] - raw.joints[:, :, first]
            directions.append(along / np.linalg.norm(along, axis=-1, keepdims=True))
        cosine = (directions[0] * directions[1]).sum(-1)
        assert np.degrees(np.arccos(cosine.clip(-1, 1))).max() < 25

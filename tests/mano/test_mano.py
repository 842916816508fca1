"""Parameters → joints and surface, against smplx's own layer."""

import numpy as np
import pytest
import torch

from handx_gen.errors import InputError
from handx_gen.mano import TIP_VERTICES, ManoHand, ManoMotion, joints, vertices
from handx_gen.mano_file import PARENTS, load_mano
from handx_gen.skeleton import bone_lengths
from tests.mano.synthetic_model import MIRROR, mirrored_pose

pytest.importorskip("smplx", reason="needs the extra mano: make test-mano")

FRAMES = 7


def parameters(seed=0, width=45):
    draw = np.random.default_rng(seed)
    return {
        "betas": draw.normal(size=10),
        "global_orient": draw.normal(0, 1.5, (FRAMES, 3)),
        "hand_pose": draw.normal(0, 0.4, (FRAMES, width)),
        "transl": draw.normal(size=(FRAMES, 3)),
    }


def layer(model, **options):
    """smplx's MANO on the same arrays."""
    from smplx import MANO
    from smplx.utils import Struct

    tree = np.array([[2**32 - 1, *PARENTS[1:]], range(16)], np.uint32)
    data = Struct(**vars(model), kintree_table=tree)
    return MANO(
        "", model.side == "right", data, dtype=torch.float64, **options
    )  # fmt: skip


@pytest.mark.parametrize("flat_hand_mean", [False, True])
@pytest.mark.parametrize("components", [15, 45])
def test_every_convention_gives_what_smplx_gives(model, components, flat_hand_mean):
    given = parameters(width=components)
    made = layer(
        model, use_pca=components < 45, num_pca_comps=components,
        flat_hand_mean=flat_hand_mean,
    )  # fmt: skip
    tensors = {name: torch.tensor(value) for name, value in given.items()}
    tensors["betas"] = tensors["betas"].expand(FRAMES, -1)
    with torch.no_grad():
        wanted = made(**tensors)
    pose = model.pose(given["hand_pose"], flat_hand_mean)
    hand = ManoHand(model.side, **{**given, "hand_pose": pose})
    found, surface = joints(hand, model), vertices(hand, model)
    # smplx adds 1e-8 inside its norm and keeps some arrays in single precision.
    np.testing.assert_allclose(found[:, :16], wanted.joints.numpy(), atol=1e-6)
    np.testing.assert_allclose(surface, wanted.vertices.numpy(), atol=1e-6)
    np.testing.assert_allclose(found[:, 16:], surface[:, list(TIP_VERTICES)], atol=1e-6)


def test_wrong_mean_pose_is_another_hand(model):
    """What the HandX paper's reading of ARCTIC does to the fingers."""
    given = parameters()
    hands = [
        ManoHand(model.side, **{**given, "hand_pose": model.pose(given["hand_pose"], m)})
        for m in (False, True)
    ]  # fmt: skip
    right, wrong = (joints(hand, model) for hand in hands)
    assert np.linalg.norm(right - wrong, axis=-1)[:, 16:].mean() > 0.01


def test_the_left_model_is_the_right_ones_mirror_image(folder):
    given = parameters()
    turned = {
        name: mirrored_pose(given[name]) for name in ("global_orient", "hand_pose")
    }
    mirrored = {**given, **turned, "transl": given["transl"] * MIRROR}
    right = vertices(ManoHand("right", **given), load_mano("right", folder))
    left = vertices(ManoHand("left", **mirrored), load_mano("left", folder))
    np.testing.assert_allclose(left, right * MIRROR, atol=1e-6)


def test_shape_may_vary_over_time(model):
    given = parameters()
    varying = {**given, "betas": np.tile(given["betas"], (FRAMES, 1))}
    constant = joints(ManoHand(model.side, **given), model)
    np.testing.assert_allclose(
        joints(ManoHand(model.side, **varying), model), constant, atol=1e-12
    )
    assert np.ptp(bone_lengths(constant)[:, :16], axis=0).max() < 0.004


def test_the_surface_is_a_hand(model):
    """Triangles face outwards, and every joint is within a thumb's width of the skin."""
    given = parameters()
    hand = ManoHand(model.side, **{**given, "hand_pose": given["hand_pose"] * 0})
    surface, found = vertices(hand, model), joints(hand, model)
    corners = surface[:, model.f]
    volume = np.einsum(
        "tfi,tfi->t", corners[:, :, 0] - surface.mean(1)[:, None],
        np.cross(corners[:, :, 1] - corners[:, :, 0], corners[:, :, 2] - corners[:, :, 0]),
    ) / 6  # fmt: skip
    assert (volume > 5e-5).all()
    nearest = np.linalg.norm(surface[:, None] - found[:, :, None], axis=-1).min(-1)
    assert nearest.max() < 0.03


def test_what_was_saved_comes_back(tmp_path, folder):
    hands = [
        ManoHand(side, **parameters(k)) for k, side in enumerate(("left", "right"))
    ]
    whole = ManoMotion(*hands, fps=25.0, provenance={"text": "wave"})
    read = ManoMotion.load(whole.save(tmp_path / "mano.npz"))
    assert (read.fps, read.provenance) == (25.0, {"text": "wave"})
    np.testing.assert_array_equal(read.motion().joints, whole.motion().joints)
    one = ManoMotion(None, hands[1])
    read = ManoMotion.load(one.save(tmp_path / "one.npz"))
    assert read.left is None
    assert list(read.motion().present) == [False, True]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"betas": np.zeros(11)}, "betas"),
        ({"hand_pose": np.zeros((FRAMES, 48))}, "hand_pose"),
        ({"transl": np.full((FRAMES, 3), np.nan)}, "transl.*NaN"),
        ({"global_orient": np.zeros((0, 3))}, "frame"),
        ({"side": "both"}, "side"),
    ],
)
def test_impossible_parameters_are_refused(change, named):
    with pytest.raises(InputError, match=named):
        ManoHand(**{"side": "left", **parameters(), **change})


def test_impossible_motions_are_refused():
    hand = ManoHand("left", **parameters())
    for left, right in ((None, None), (None, hand)):
        with pytest.raises(InputError):
            ManoMotion(left, right)
    with pytest.raises(InputError, match="fps"):
        ManoMotion(hand, None, fps=0)

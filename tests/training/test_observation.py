import numpy as np
import pytest

torch = pytest.importorskip("torch")

from handx_gen.checkpoint import (  # noqa: E402
    ASSETS,
    GeneratorConfig,
    load_checkpoint,
    save_checkpoint,
)
from handx_gen.diffusion.denoiser import (  # noqa: E402
    ADDED_LATER,
    DenoiserConfig,
    MotionDenoiser,
)
from handx_gen.errors import InputError  # noqa: E402
from handx_gen.representation import WristRelative  # noqa: E402
from training.data.batch import Batch  # noqa: E402
from training.observation import (  # noqa: E402
    KINDS,
    draw_masks,
    draw_offsets,
    one_hand,
)
from training.shown import distances  # noqa: E402


@pytest.fixture
def shipped():
    folder = ASSETS / "synth-v1"
    if not (folder / "model.safetensors").is_file():
        pytest.skip("the weights of synth-v1 are not in this checkout")
    return folder


def question(denoiser: MotionDenoiser, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    config = denoiser.config
    x = torch.randn(3, 2, config.frames, 63, generator=generator)
    states = torch.randn(3, 7, config.text_width, generator=generator)
    with torch.no_grad():
        text = denoiser.remember(
            states, torch.ones(3, 7, dtype=torch.bool), torch.zeros(3, 7).long()
        )
    return x, torch.tensor([0.2, 0.6, 1.0]), text


def test_weights_without_the_channels_give_the_same_function(shipped):
    denoiser, _ = load_checkpoint(shipped)
    x, t, text = question(denoiser)
    denoiser.observe.weight.data.zero_()  # as a checkpoint without it is read
    plain = denoiser(x, t, text)
    told = denoiser(x, t, text, torch.randn_like(x), torch.ones_like(x).bool())
    for a, b in zip(plain, told):
        assert torch.equal(a, b)


def test_nothing_observed_is_no_observation_whatever_the_weights():
    denoiser = MotionDenoiser(DenoiserConfig(width=32, depth=1, heads=2, text_width=16))
    torch.nn.init.normal_(denoiser.observe.weight)
    torch.nn.init.normal_(denoiser.out.weight)
    x, t, text = question(denoiser)
    nan = torch.full_like(x, torch.nan)
    with torch.no_grad():
        plain = denoiser(x, t, text)[0]
        masked = denoiser(x, t, text, nan, torch.zeros_like(x).bool())[0]
        shown = denoiser(x, t, text, x, torch.ones_like(x).bool())[0]
    assert torch.equal(plain, masked)
    assert not torch.allclose(plain, shown)


def test_only_the_named_weights_may_be_missing(shipped, tmp_path):
    from safetensors.torch import load_file, save_file

    denoiser, config = load_checkpoint(shipped)
    save_checkpoint(tmp_path, denoiser, config)
    path = tmp_path / "model.safetensors"
    weights = load_file(path)
    without = {k: v for k, v in weights.items() if k not in ADDED_LATER}
    assert len(without) < len(weights)
    save_file(without, path)
    filled, _ = load_checkpoint(tmp_path)
    assert filled.observe.weight.abs().max() == 0
    x, t, text = question(filled)
    assert torch.equal(filled(x, t, text)[0], denoiser(x, t, text)[0])
    del without["out.weight"]
    save_file(without, path)
    with pytest.raises(InputError, match=r"out\.weight"):
        load_checkpoint(tmp_path)


def test_masks_show_nothing_as_often_as_asked_and_otherwise_something():
    masks = draw_masks(400, 60, 0.5, np.random.default_rng(0))
    shown = masks.flatten(1).any(1)
    assert 0.42 < shown.float().mean() < 0.58
    assert not draw_masks(20, 60, 1.0, np.random.default_rng(0)).any()
    share = masks[shown].float().flatten(1).mean(1)
    assert share.min() < 0.02  # from a joint at one moment
    assert share.max() > 0.4  # to a whole hand


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_shows_something_and_leaves_something(kind):
    random = np.random.default_rng(1)
    for _ in range(50):
        mask = np.zeros((2, 60, 63), bool)
        kind(random, mask)
        assert 0 < mask.sum() < mask.size
        by_joint = mask.reshape(2, 60, 21, 3)
        assert (by_joint.all(-1) == by_joint.any(-1)).all()  # joints, never one axis


def test_moving_the_origin_moves_both_hands_alike():
    random = np.random.default_rng(2)
    joints = random.normal(0, 0.1, (5, 60, 2, 21, 3)).astype(np.float32)
    norm = WristRelative.fit(joints)
    masks = torch.zeros(5, 2, 60, 63, dtype=torch.bool)
    masks[:3, 0, 7, :3] = True
    offset = draw_offsets(masks, random)
    x, _ = norm.pack(torch.from_numpy(joints))
    moved = x.clone()
    moved[..., :3] += offset / norm.wrist_std
    shift = norm.unpack(moved) - norm.unpack(x)
    first = shift[:, :1, :1, :1]
    torch.testing.assert_close(shift, first.expand_as(shift), rtol=0, atol=1e-5)
    assert first[:3].abs().amax(-1).min() > 1e-4
    assert first[3:].abs().max() < 1e-6


class Copier:
    """Gives back what it is shown, and zero elsewhere."""

    def remember(self, states, mask, branch):
        return None

    def __call__(self, x, t, text, observed, mask):
        return (observed.where(mask, 0), None)


def test_who_keeps_what_is_shown_is_at_no_distance_from_it():
    generator = torch.Generator().manual_seed(3)
    joints = torch.randn(4, 60, 2, 21, 3, generator=generator).numpy() * 0.1
    norm = WristRelative.fit(joints)
    x, _ = norm.pack(torch.from_numpy(joints))
    batch = Batch(x, *[torch.zeros(4, 1)] * 4)
    config = GeneratorConfig("copier", {}, norm)
    known, other = distances(Copier(), config, batch, one_hand)
    assert known < 1e-3
    assert 50 < other < 300  # millimetres, for joints spread by 100 on each axis
    nothing, everything = distances(Copier(), config, batch, None)
    assert np.isnan(nothing)
    assert everything == pytest.approx(other, rel=0.2)

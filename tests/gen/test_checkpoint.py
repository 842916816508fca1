import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from handx_gen.checkpoint import GeneratorConfig, load_checkpoint, save_checkpoint
from handx_gen.diffusion.denoiser import DenoiserConfig, MotionDenoiser
from handx_gen.errors import InputError
from handx_gen.generator import (
    MAX_EASE,
    Generator,
    available_models,
    easy_seconds,
    generate,
    load_generator,
)
from handx_gen.prompt import Plan, Prompt, Segment
from handx_gen.representation import WristRelative
from handx_gen.skeleton import bone_lengths
from handx_gen.text import HashedEncoder

SHAPE = DenoiserConfig(width=32, depth=1, heads=2, patch=6, text_width=16)


def hands() -> np.ndarray:
    """A few still frames of the default hand, left and right."""
    from handx_gen.hand_model import DEFAULT_SHAPE, finger_points, to_joints

    points, _ = finger_points(DEFAULT_SHAPE, np.full((5, 5), 0.1))
    wrist = np.array([0.15, 0, 0])
    both = [to_joints(points, np.eye(3), wrist, side) for side in (0, 1)]
    return np.stack(both)[None, None].repeat(4, 1)


@pytest.fixture
def config():
    norm = WristRelative.fit(hands())
    norm = replace(norm, wrist_std=0.1, articulation_std=0.03)
    return GeneratorConfig("tiny", asdict(SHAPE), norm, "hashed-16", steps=2)


@pytest.fixture
def folder(tmp_path, config):
    return save_checkpoint(tmp_path / "tiny", random_denoiser(), config)


def random_denoiser() -> MotionDenoiser:
    """With an output layer that is not zero."""
    torch.manual_seed(0)
    model = MotionDenoiser(SHAPE)
    torch.nn.init.normal_(model.out.weight, std=0.1)
    return model


def test_weights_and_config_come_back(folder, config):
    denoiser, loaded = load_checkpoint(folder)
    for name, value in random_denoiser().state_dict().items():
        torch.testing.assert_close(denoiser.state_dict()[name], value)
    assert loaded == config


def test_half_precision_halves_the_file(tmp_path, config, folder):
    half = save_checkpoint(tmp_path / "half", MotionDenoiser(SHAPE), config, half=True)
    sizes = [(f / "model.safetensors").stat().st_size for f in (folder, half)]
    assert sizes[1] < 0.6 * sizes[0]
    assert load_checkpoint(half)[0].embed.weight.dtype == torch.float32


def edit(folder, **changes):
    path = folder / "config.json"
    content = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({k: v for k, v in content.items() if v is not None}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": 9}, r"\[schema_version\]: 9"),
        ({"extra": 1}, r"\[extra\]: unknown"),
        ({"steps": None}, r"\[steps\]: missing"),
        ({"steps": 0}, "positive"),
        ({"norm": {"mean": [0], "wrist_std": 1, "articulation_std": 1}}, "1 means"),
        ({"denoiser": {"widht": 3}}, "widht"),
        ({"denoiser": {**asdict(SHAPE), "width": 64}}, "config.json asks for"),
        ({"denoiser": {**asdict(SHAPE), "depth": 2}}, "missing weight"),
    ],
)
def test_wrong_config_is_refused_in_one_line(folder, changes, message):
    edit(folder, **changes)
    with pytest.raises(InputError, match=message) as error:
        load_checkpoint(folder)
    assert str(folder) in str(error.value)


def test_weights_with_nan_are_refused(tmp_path, config):
    model = MotionDenoiser(SHAPE)
    with torch.no_grad():
        model.out.bias[3] = torch.nan
    folder = save_checkpoint(tmp_path / "nan", model, config)
    with pytest.raises(InputError, match=r"\[out.bias\]: NaN"):
        load_checkpoint(folder)


def test_damaged_or_missing_files_are_named(folder):
    (folder / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(InputError, match=r"model.safetensors: damaged"):
        load_checkpoint(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(InputError, match=r"config.json: not JSON"):
        load_checkpoint(folder)
    with pytest.raises(InputError, match=r"config.json: cannot be read"):
        load_checkpoint(folder / "nowhere")


def test_encoder_of_another_width_is_refused(folder, config):
    denoiser, config = load_checkpoint(folder)
    with pytest.raises(InputError, match="8 channels, the network reads 16"):
        Generator(denoiser, config, HashedEncoder(8))


def test_unknown_model_lists_the_choices():
    with pytest.raises(InputError, match=r"'nope' is not known.*program"):
        load_generator("nope")
    assert "program" in available_models()


def test_generated_motion_has_constant_bones_and_follows_the_seed(folder):
    plan = Plan.from_text("open both hands")
    first, again = (generate(plan, str(folder), seed=3)[0] for _ in range(2))
    np.testing.assert_array_equal(first.joints, again.joints)
    two = generate(plan, str(folder), seed=3, samples=2)
    np.testing.assert_allclose(two[0].joints, first.joints, atol=1e-6)
    assert np.abs(two[1].joints - two[0].joints).max() > 1e-3
    bones = bone_lengths(first.joints.astype(float))
    assert (bones.std(0) / bones.mean(0)).max() < 1e-3
    assert first.provenance["seed"] == 3


def test_segments_follow_one_another_without_a_jump(folder):
    a, b = Prompt(sentence="open"), Prompt(left="close")
    plan = Plan((Segment(a, 1.0), Segment(b, 59 / 30)))
    motion = generate(plan, str(folder))[0]
    assert len(motion) == 30 + 59  # one motion, drawn together
    bend = np.linalg.norm(np.diff(motion.joints.astype(float), 2, axis=0), axis=-1)
    seam = np.arange(24, 34)
    elsewhere = np.delete(bend, seam, axis=0)
    assert bend[seam].max() <= 1.2 * elsewhere.max()


def test_a_segment_without_a_length_is_slowed_until_no_finger_hurries(folder):
    generator = load_generator(str(folder))
    prompt = Prompt(sentence="open")
    clip = generator.clips([prompt], [0])[0]
    seconds = easy_seconds(clip, 30.0)
    assert 59 / 30 <= seconds <= 59 / 30 * MAX_EASE + 1e-9
    motion = generate(Plan((Segment(prompt),)), str(folder))[0]
    assert len(motion) == round(seconds * 30) + 1
    still = np.broadcast_to(clip[:1], clip.shape)
    assert easy_seconds(still, 30.0) == pytest.approx(59 / 30)

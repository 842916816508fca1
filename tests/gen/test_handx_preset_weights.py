"""Files of the released form: what loads, and what is said about one that does not."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from handx_gen.diffusion.paper.generator import PaperGenerator
from handx_gen.diffusion.paper.network import SIZES, PaperConfig, PaperDenoiser
from handx_gen.diffusion.paper.sampling import PaperSampling
from handx_gen.diffusion.paper.weights import (
    load_normalisation,
    load_paper_checkpoint,
    released_shapes,
)
from handx_gen.errors import InputError
from handx_gen.generator import generate
from handx_gen.procedural import perform
from handx_gen.prompt import Plan, Prompt
from handx_gen.representation.handx168 import Handx168
from handx_gen.text import HashedEncoder

SMALL = PaperConfig(
    layers=2, width=16, heads=4, feedforward=24, text_width=8, positions=1000
)
PROMPT = Prompt(left="the index finger bends", right="", relation="they stay apart")


@pytest.fixture
def network() -> PaperDenoiser:
    torch.manual_seed(0)
    return PaperDenoiser(SMALL).eval()


@pytest.fixture
def file(network, tmp_path):
    path = tmp_path / "model.pt"
    torch.save({"state_dict": network.state_dict()}, path)
    return path


@pytest.fixture
def norm() -> Handx168:
    rng = np.random.default_rng(0)
    return Handx168(tuple(rng.normal(size=168)), tuple(rng.uniform(0.1, 1, 168)))


def changed(path, **changes):
    """The file with weights replaced, added, or taken out (None)."""
    state = torch.load(path, weights_only=True)["state_dict"]
    for name, value in changes.items():
        state.pop(name, None)
        if value is not None:
            state[name] = value
    torch.save({"state_dict": state}, path)


def same(a: PaperDenoiser, b: PaperDenoiser) -> bool:
    first, second = a.state_dict(), b.state_dict()
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )


def test_a_file_of_the_released_form_loads(network, file):
    loaded = load_paper_checkpoint(file)
    assert same(loaded, network)
    assert loaded.config == SMALL
    assert not loaded.training
    assert not any(p.requires_grad for p in loaded.parameters())


def test_text_encoder_weights_and_the_parallel_prefix_are_skipped(network, tmp_path):
    path = tmp_path / "model.pt"
    state = {f"module.{k}": v for k, v in network.state_dict().items()}
    state["module._text_model.shared.weight"] = torch.zeros(3, 3)
    torch.save({"state_dict": state}, path)
    assert same(load_paper_checkpoint(path), network)


def test_bare_weights_and_safetensors_load_too(network, tmp_path):
    torch.save(network.state_dict(), tmp_path / "bare.pt")
    state = {k: v.contiguous().clone() for k, v in network.state_dict().items()}
    save_file(state, tmp_path / "model.safetensors")
    assert same(load_paper_checkpoint(tmp_path / "bare.pt"), network)
    assert same(load_paper_checkpoint(tmp_path / "model.safetensors"), network)


def test_the_small_released_size_loads_whole(tmp_path):
    shapes = released_shapes()["layers4"]
    state = {name: torch.full(shape, 0.01) for name, shape in shapes.items()}
    torch.save({"state_dict": state}, tmp_path / "model.pt")
    loaded = load_paper_checkpoint(tmp_path / "model.pt")
    assert loaded.config == SIZES["layers4"]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("output_process.pose_head.bias", None, "missing weight"),
        ("input_process.pose_embedding.weight", None, "missing weight"),
        ("contact_predict_head.bias", torch.zeros(3), "unknown weight"),
        ("output_process.pose_head.bias", torch.zeros(167), r"shape \(167,\)"),
        ("text_embedding_project.weight", torch.zeros(15, 8), r"shape \(15, 8\)"),
        ("text_embedding_project.weight", torch.zeros(8), "not 2 axes"),
        ("input_process.pose_embedding.weight", torch.zeros(6, 168), "do not divide"),
        ("output_process.pose_head.bias", torch.full((168,), torch.nan), "NaN"),
        ("output_process.pose_head.bias", torch.full((168,), torch.inf), "infinite"),
        ("output_process.pose_head.bias", torch.zeros(168).long(), "not numbers"),
    ],
)  # fmt: skip
def test_a_wrong_weight_is_named(file, name, value, says):
    changed(file, **{name: value})
    with pytest.raises(InputError, match=says) as caught:
        load_paper_checkpoint(file)
    assert str(file) in str(caught.value)


def test_a_missing_layer_is_named(file):
    changed(file, **{"seq_trans_decoder.layers.0.linear2.weight": None})
    with pytest.raises(InputError, match=r"layers\.0\.linear2\.weight.*missing"):
        load_paper_checkpoint(file)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_truncated_file_is_refused(network, tmp_path, share, suffix):
    path = tmp_path / f"model{suffix}"
    state = {k: v.contiguous().clone() for k, v in network.state_dict().items()}
    if suffix == ".pt":
        torch.save({"state_dict": state}, path)
    else:
        save_file(state, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match="damaged"):
        load_paper_checkpoint(path)


class Harmful:
    """Unpickled with code allowed, it would make a file."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return open, (str(self.target), "w")


@pytest.mark.parametrize(
    "content", [[1, 2], {"state_dict": 3}, {"state_dict": {"a": 1}}]
)
def test_a_file_of_something_else_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(InputError, match="not a table of named weights"):
        load_paper_checkpoint(tmp_path / "model.pt")


def test_code_in_a_file_is_not_run(tmp_path):
    made = tmp_path / "made"
    torch.save({"state_dict": Harmful(made)}, tmp_path / "model.pt")
    with pytest.raises(InputError, match="not a file of weights alone"):
        load_paper_checkpoint(tmp_path / "model.pt")
    assert not made.exists()


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="not found"):
        load_paper_checkpoint(tmp_path / "nothing.pt")


def test_released_statistics_load_and_others_are_refused(tmp_path, norm):
    for name in ("mean", "std"):
        np.save(tmp_path / name, np.reshape(getattr(norm, name), (42, 4)))
    loaded = load_normalisation(tmp_path)
    assert (loaded.mean, loaded.std) == (norm.mean, norm.std)
    assert loaded.official_wrapping
    np.save(tmp_path / "std.npy", np.zeros((42, 4)))
    with pytest.raises(InputError, match="not positive"):
        load_normalisation(tmp_path)
    np.save(tmp_path / "std.npy", np.zeros((42, 3)))
    with pytest.raises(InputError, match=r"std\.npy.*\(42, 3\)"):
        load_normalisation(tmp_path)
    np.save(tmp_path / "std.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(InputError, match="not an array"):
        load_normalisation(tmp_path)
    (tmp_path / "mean.npy").unlink()
    with pytest.raises(InputError, match="cannot be read"):
        load_normalisation(tmp_path)


def test_prompts_become_joints_the_same_for_the_same_seed(network, norm):
    generator = PaperGenerator(
        network, norm, HashedEncoder(8), PaperSampling(steps=3), frames=12
    )
    steps = []
    first = generator.clips(
        [PROMPT, Prompt(sentence="clap")], [4, 9], lambda *done: steps.append(done)
    )
    assert first.shape == (2, 12, 2, 21, 3)
    assert steps == [(1, 3), (2, 3), (3, 3)]
    again = generator.clips([PROMPT, Prompt(sentence="clap")], [4, 9])
    assert first.tobytes() == again.tobytes()
    np.testing.assert_allclose(generator.clips([PROMPT], [4]), first[:1], atol=1e-5)
    assert np.abs(generator.clips([PROMPT], [5]) - first[:1]).max() > 1e-3


def test_another_encoder_and_weights_that_overflow_are_refused(network, norm):
    with pytest.raises(InputError, match="reads 8"):
        PaperGenerator(network, norm, HashedEncoder(9))
    with torch.no_grad():
        network.output_process.pose_head.weight.fill_(3e38)
    generator = PaperGenerator(
        network, norm, HashedEncoder(8), PaperSampling(steps=2), frames=6
    )
    with pytest.raises(InputError, match="NaN"):
        generator.clips([PROMPT], [0])


def put(folder, network, norm, encoder=None):
    """A folder of weights: as released, or as the training loop writes them."""
    for name in ("mean", "std"):
        np.save(folder / name, np.reshape(getattr(norm, name), (42, 4)))
    if encoder is None:
        torch.save({"state_dict": network.state_dict()}, folder / "model.pt")
        return
    state = {k: v.contiguous().clone() for k, v in network.state_dict().items()}
    save_file(state, folder / "model.safetensors")
    about = {"network": {"heads": 4, "text_norm": True}, "encoder": encoder}
    (folder / "paper.json").write_text(json.dumps(about))


def test_generate_takes_a_folder_of_the_papers_weights(network, tmp_path):
    clip = perform(Plan.from_text("make a fist with the left hand")).joints
    put(tmp_path, network, Handx168.fit(clip[None]), "hashed-8")
    plan = Plan.from_text("clap")
    first, second = generate(plan, str(tmp_path), seed=3, samples=2)
    assert np.isfinite(first.joints).all()
    assert first.provenance["seed"] == 3
    assert first.provenance["steps"] == 20
    assert first.joints.tobytes() != second.joints.tobytes()
    again = generate(plan, str(tmp_path), seed=4)[0]
    assert again.joints.tobytes() == second.joints.tobytes()


def test_what_the_training_loop_says_is_taken(network, tmp_path, norm):
    put(tmp_path, network, norm, "hashed-8")
    loaded = PaperGenerator.load(tmp_path)
    assert loaded.encoder.name == "hashed-8"
    assert loaded.denoiser.config.text_norm
    (tmp_path / "paper.json").write_text("[]")
    with pytest.raises(InputError, match="network"):
        PaperGenerator.load(tmp_path)
    (tmp_path / "paper.json").write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        PaperGenerator.load(tmp_path)


def test_released_weights_need_their_encoder(network, tmp_path, norm):
    put(tmp_path, network, norm)
    loaded = PaperGenerator.load(tmp_path, "hashed-8", bfloat16=False)
    assert same(loaded.denoiser, network)
    assert not loaded.denoiser.config.text_norm
    with pytest.raises(InputError, match="reads 8"):
        PaperGenerator.load(tmp_path, "hashed-9")


@pytest.mark.parametrize(("has_it", "asked", "half"), [
    (True, None, True), (False, None, False), (True, False, False), (False, True, True),
])  # fmt: skip
def test_half_the_precision_where_the_cpu_has_it_or_where_it_is_asked(
    network, tmp_path, norm, monkeypatch, has_it, asked, half
):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": has_it})
    put(tmp_path, network, norm, "hashed-8")
    loaded = PaperGenerator.load(tmp_path, bfloat16=asked)
    weight = loaded.denoiser.seq_trans_decoder.layers[0].linear1.weight
    assert (weight.dtype == torch.bfloat16) is half

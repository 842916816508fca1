"""From a store or shards to a trained checkpoint, as a person would ask for it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("datasets")

from handx.cli import main  # noqa: E402
from handx_gen.checkpoint import load_checkpoint  # noqa: E402
from handx_gen.errors import InputError  # noqa: E402
from handx_gen.text import HashedEncoder  # noqa: E402
from handx_gen.text.encoder import BRANCHES  # noqa: E402
from training.configs import CONFIGS  # noqa: E402
from training.cost import estimate, step_flops  # noqa: E402
from training.data.batch import Loader  # noqa: E402
from training.data.corpus import Store  # noqa: E402
from training.data.prepare import prepare, wordings  # noqa: E402
from training.data.store import Shard, shard_paths  # noqa: E402
from training.data.windows import Cut  # noqa: E402
from training.data.words import swap_sides  # noqa: E402
from training.rehearsal import rows  # noqa: E402
from training.session import Options, begin, configure  # noqa: E402


def make_store(folder: Path, teacher, count: int) -> Store:
    """A store of `count` clips; the last three cannot be trained on."""
    made = list(rows([teacher(k) for k in range(5)], count, np.random.default_rng(0)))
    made[-1]["present"] = [True, False]
    made[-2] |= {"left": [], "right": [], "relation": []}
    made[-3] |= {"joints": made[-3]["joints"][:40]}
    store = Store.create(folder, Cut())
    with store.writing():
        store.append([], made, {})
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory, teacher):
    return make_store(tmp_path_factory.mktemp("store") / "store", teacher, 15)


def test_a_store_is_encoded_once_and_what_cannot_be_used_is_counted(store):
    ready = prepare(store, HashedEncoder(16))
    assert ready.clips == 12
    assert ready.left_out == {"one hand only": 1, "no caption": 1, "not 60 frames": 1}
    written = (ready.folder / "done.json").stat().st_mtime_ns
    assert prepare(store, HashedEncoder(16)) == ready
    assert (ready.folder / "done.json").stat().st_mtime_ns == written
    more = prepare(store, HashedEncoder(16), count=5)
    assert len(Shard.load(shard_paths(more.folder)[0]).clip) == 5 * 12
    prepare(store, HashedEncoder(16))


def test_every_wording_is_of_its_clip_and_some_are_mirrored(store):
    shard = Shard.load(shard_paths(prepare(store, HashedEncoder(16)).folder)[0])
    clips = {clip.id: clip for clip in store.clips("train")}
    usable = [c for c in clips.values() if any(c.captions.values())][:12]
    for number, clip in enumerate(usable):
        np.testing.assert_array_equal(shard.joints[number], clip.motion.joints)
    assert 0 < shard.mirrored.mean() < 1
    for row, number in enumerate(shard.clip):
        texts = dict(
            zip(
                BRANCHES,
                (shard.texts[t] if t >= 0 else "" for t in shard.text_ids[row]),
            )
        )
        captions = usable[number].captions
        if shard.mirrored[row]:
            texts = {k: swap_sides(v) for k, v in texts.items()}
            texts["left"], texts["right"] = texts["right"], texts["left"]
        for side in ("left", "right", "relation"):
            assert texts[side] in (captions[side] or ("",))
    assert {len(wordings(clip, 2)) for clip in usable} == {2}


def test_the_command_trains_on_a_store_and_goes_on(store, tmp_path, capsys):
    out = tmp_path / "run"
    words = [
        "train", "diffusion", "--store", str(store.folder), "--out", str(out),
        "--preset", "smoke", "--encoder", "hashed-16", "--steps",
    ]  # fmt: skip
    assert main([*words, "4"]) == 0
    denoiser, saved = load_checkpoint(out)
    assert saved.encoder == "hashed-16"
    assert denoiser.config.text_width == 16
    assert saved.trained["data"] == "recordings: rehearsal (12 clips)"
    assert saved.trained["code"]["sources"]
    assert main([*words, "6"]) == 0
    assert "going on at step 4" in capsys.readouterr().out
    assert load_checkpoint(out)[1].trained["steps"] == 6
    row = json.loads((out / "log.jsonl").read_text().splitlines()[-1])
    assert row["flops"] > 0
    assert row["clips_per_second"] > 0
    assert json.loads((out / "train.json").read_text())["config"]["steps"] == 6


def test_an_estimate_trains_nothing(data, tmp_path, capsys):
    words = ["train", "diffusion", "--store", str(data), "--out", str(tmp_path / "run")]
    assert (
        main([*words, "--preset", "smoke", "--encoder", "hashed-16", "--estimate"]) == 0
    )
    assert "FLOPs" in capsys.readouterr().out
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"preset": "huge"}, "huge"),
        ({"minutes": -1.0}, "--minutes"),
        ({"learning_rate": 0.0}, "--learning-rate"),
        ({"preset": "handx-4", "init": "synth-v1"}, "another network"),
        ({"init": "nowhere"}, "nowhere"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(given, told, tmp_path):
    with pytest.raises(InputError, match=told):
        configure(Options(data=tmp_path, out=tmp_path, **given))


def test_another_encoder_than_the_data_s_is_refused(store, tmp_path):
    folder = prepare(store, HashedEncoder(16)).folder
    with pytest.raises(InputError, match="hashed-16, not minilm"):
        begin(Options(data=folder, out=tmp_path))


def test_flops_grow_with_the_batch_and_leave_the_run_alone(data, tmp_path):
    options = Options(data, tmp_path, "smoke", encoder="hashed-16", steps=5)
    run, twice = (begin(replace(options, batch=size)) for size in (8, 16))
    before = {k: v.clone() for k, v in run.model.state_dict().items()}
    cost = estimate(run, measured=1)
    assert cost.step_flops == step_flops(run)
    assert 1.8 < step_flops(twice) / cost.step_flops < 2.2
    # Two operations per weight and token forward, four backward, and attention.
    tokens = 2 * run.loader.frames // run.config.denoiser.patch
    assert (
        cost.step_flops
        > 4 * 8 * tokens * sum(p.numel() for p in run.model.blocks.parameters()) / 3
    )
    assert run.step == 0
    for name, value in run.model.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(p.grad is None for p in run.model.parameters())


def test_the_paper_s_network_trains_in_the_same_loop(data, tmp_path):
    from handx_gen.diffusion.paper.weights import load_paper_checkpoint

    preset = CONFIGS["handx-4"]
    small = replace(preset.denoiser, layers=1, width=32, text_width=16, feedforward=32)
    config = replace(preset, denoiser=small, batch=8, steps=4, encoder="hashed-16")
    from training.loop import Run

    run = Run(config, Loader(data), tmp_path)
    run.train()
    read = load_paper_checkpoint(tmp_path / "model.safetensors", text_norm=True)
    assert read.config == small
    for name, value in run.model.state_dict().items():
        torch.testing.assert_close(read.state_dict()[name], value)
    again = Run(config, Loader(data), tmp_path)
    again.resume()
    assert again.step == 4

"""Scoring a network while it trains, and where the numbers go."""

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from handx_gen.diffusion.denoiser import DenoiserConfig  # noqa: E402
from handx_gen.procedural import synthesize  # noqa: E402
from training import loop, validation  # noqa: E402
from training.configs import CONFIGS  # noqa: E402
from training.data.batch import Loader  # noqa: E402
from training.evaluation.protocol import Item  # noqa: E402
from training.scalars import Scalars  # noqa: E402
from training.validation import event_scores, validation_items  # noqa: E402


class Told:
    """Answers with motions it was given."""

    def __init__(self, joints: np.ndarray) -> None:
        self.joints = joints

    def clips(self, prompts, seeds) -> np.ndarray:
        assert len(prompts) == len(seeds) == len(self.joints)
        return self.joints


def test_the_teacher_s_own_motion_scores_well_and_stillness_does_not():
    made = [synthesize(validation.FIRST_SEED + k, "val") for k in range(3)]
    items = [Item(clip.sentences[0], clip.requested) for clip in made]
    joints = np.stack([clip.joints for clip in made])
    good = event_scores(Told(joints), items)
    still = event_scores(Told(np.repeat(joints[:, :1], len(joints[0]), 1)), items)
    assert good["event_f1"] > 0.9
    assert still["event_f1"] < good["event_f1"] - 0.3
    assert still["jerk"] < 1e-3 < good["jerk"]


def test_a_run_scores_its_averaged_weights(data, tmp_path, monkeypatch):
    items = validation_items(1)
    monkeypatch.setattr(loop, "validation_items", lambda count: items)
    shape = DenoiserConfig(width=32, depth=1, heads=2, patch=6, text_width=16)
    config = replace(
        CONFIGS["smoke"], denoiser=shape, encoder="hashed-16", steps=2,
        validate_minutes=1000.0,
    )  # fmt: skip
    run = loop.Run(config, Loader(data), tmp_path)
    run.train()
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").open()]
    assert [row["step"] for row in rows] == [2, 2]
    assert 0 <= rows[1]["event_f1"] <= 1


def test_tensorboard_reads_what_was_written_and_forgets_what_a_kill_undid(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    first = Scalars(tmp_path, 0)
    for step in (50, 100, 150):
        first.write({"step": step, "loss": 1 / step, "note": "words are left out"})
    first.close()
    again = Scalars(tmp_path, 100)  # killed, went on from a checkpoint at step 100
    again.write({"step": 150, "loss": 7.0})
    again.close()
    board = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert board.Tags()["scalars"] == ["loss"]
    found = {event.step: event.value for event in board.Scalars("loss")}
    assert found[50] == pytest.approx(1 / 50)
    assert found[150] == 7.0
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 4

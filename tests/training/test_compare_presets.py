"""Arms of a comparison spend the same FLOPs on the same clips, and go on where they stopped."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from handx_gen.diffusion.denoiser import DenoiserConfig  # noqa: E402
from training.compare_presets import BATCH, Row, arms, main, table, train  # noqa: E402
from training.configs import CONFIGS  # noqa: E402
from training.cost import step_flops  # noqa: E402
from training.data.batch import Loader  # noqa: E402
from training.evaluation.protocol import SPLITS  # noqa: E402
from training.loop import Run  # noqa: E402


def test_arms_differ_in_network_and_schedule_alone():
    configs = arms()
    assert list(configs) == ["default", "paper", "paper, tuned"]
    assert {(c.batch, c.seed, c.minutes) for c in configs.values()} == {
        (BATCH, 0, None)
    }
    assert configs["paper"].denoiser == configs["paper, tuned"].denoiser
    assert configs["paper, tuned"].ema == configs["default"].ema


def test_an_arm_spends_what_it_may_and_a_second_call_nothing_more(data, tmp_path):
    shape = DenoiserConfig(width=32, depth=1, heads=2, patch=6, text_width=16)
    config = replace(
        CONFIGS["smoke"], denoiser=shape, encoder="hashed-16", minutes=None
    )
    loader = Loader(data)
    each = step_flops(Run(config, loader, tmp_path / "x"))
    run, counted = train(config, loader, tmp_path / "arm", 3.2 * each, "cpu")
    assert (run.step, counted) == (3, each)
    again, _ = train(config, loader, tmp_path / "arm", 3.2 * each, "cpu")
    assert again.step == 3
    assert again.seconds == run.seconds


def test_the_table_has_a_row_per_arm():
    f1 = dict.fromkeys(SPLITS, "0.50 [0.40, 0.60]")
    row = Row(5_000_000, 100, 2.4e13, 12.0, f1, dict.fromkeys(SPLITS, 20.0))
    lines = table({"default": row, "paper": row}).splitlines()
    assert len(lines) == 4
    assert lines[2].startswith("| default | 5.0 | 100 | 2.40e+13 | 12.0 | 0.50")


def test_an_unknown_arm_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["--data", "x", "--out", "y", "--flops", "1", "--arms", "theirs"])
    assert "'paper, tuned'" in capsys.readouterr().err

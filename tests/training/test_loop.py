import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from handx_gen.checkpoint import load_checkpoint  # noqa: E402
from handx_gen.diffusion.denoiser import DenoiserConfig  # noqa: E402
from handx_gen.errors import InputError  # noqa: E402
from handx_gen.representation import WristRelative  # noqa: E402
from training.configs import CONFIGS  # noqa: E402
from training.data.batch import Loader  # noqa: E402
from training.loop import Run  # noqa: E402
from training.losses import LossWeights, loss_terms, point_distances, total  # noqa: E402


@pytest.fixture
def config():
    shape = DenoiserConfig(width=32, depth=1, heads=2, patch=6, text_width=16)
    return replace(CONFIGS["smoke"], denoiser=shape, encoder="hashed-16", steps=60)


def test_loss_falls_and_the_checkpoint_can_be_loaded(data, config, tmp_path):
    run = Run(config, Loader(data), tmp_path / "run")
    run.train()
    rows = [json.loads(line) for line in open(tmp_path / "run" / "log.jsonl")]
    assert rows[-1]["step"] == 60
    assert rows[-1]["articulation"] < 0.9
    denoiser, saved = load_checkpoint(tmp_path / "run")
    assert saved.norm == run.loader.norm
    assert saved.trained["steps"] == 60
    for name, value in denoiser.state_dict().items():
        torch.testing.assert_close(value, run.average.weights[name])


def test_a_killed_run_goes_on_where_it_stopped(data, config, tmp_path):
    config = replace(config, minutes=None)
    whole = Run(config, Loader(data), tmp_path / "whole")
    whole.train()
    first = Run(config, Loader(data), tmp_path / "killed")
    stop_after(first, 30)
    second = Run(config, Loader(data), tmp_path / "killed")
    second.resume()
    assert second.step == 30
    assert second.rate() == first.rate()
    second.train()
    for name, value in whole.average.weights.items():
        assert torch.equal(value, second.average.weights[name]), name


def test_a_run_does_not_go_on_with_other_options(data, config, tmp_path):
    run = Run(config, Loader(data), tmp_path)
    run.save()
    longer = Run(replace(config, steps=90, minutes=3.0), Loader(data), tmp_path)
    longer.resume()
    other = Run(replace(config, learning_rate=0.1), Loader(data), tmp_path)
    with pytest.raises(InputError, match=r"learning_rate.*0.001, not 0.1"):
        other.resume()


def test_data_of_another_encoder_are_refused(data, tmp_path):
    with pytest.raises(InputError, match="16 channels, the network reads 384"):
        Run(CONFIGS["smoke"], Loader(data), tmp_path)


def stop_after(run: Run, steps: int) -> None:
    draw = run.loader.draw

    def limited(step: int, *rest: int):
        if step == steps:
            run.save()
            raise KeyboardInterrupt
        return draw(step, *rest)

    run.loader.draw = limited
    with pytest.raises(KeyboardInterrupt):
        run.train()


def test_warm_start_takes_weights_and_begins_the_budget_anew(data, config, tmp_path):
    run = Run(config, Loader(data), tmp_path / "a")
    run.train()
    warm = Run(config, Loader(data, run.loader.norm), tmp_path / "b")
    warm.begin_from(tmp_path / "a")
    assert (warm.step, warm.seconds) == (0, 0)
    assert not warm.optimizer.state
    for name, value in run.average.weights.items():
        torch.testing.assert_close(warm.model.state_dict()[name], value)
    warm.train()
    _, saved = load_checkpoint(tmp_path / "b")
    assert saved.trained["init"]["name"] == "smoke"
    assert saved.trained["init"]["optimizer"] == "fresh"
    assert saved.trained["init"]["trained"]["steps"] == 60
    assert load_checkpoint(tmp_path / "a")[1].trained["init"] == {}


def test_warm_start_needs_the_shapes_and_the_scale_of_the_weights(
    data, config, tmp_path
):
    run = Run(config, Loader(data), tmp_path)
    run.save()
    norm = replace(run.loader.norm, wrist_std=0.5)
    with pytest.raises(InputError, match="norm"):
        Run(config, Loader(data, norm), tmp_path).begin_from(tmp_path)
    deeper = replace(config, denoiser=replace(config.denoiser, depth=2))
    with pytest.raises(InputError, match="denoiser"):
        Run(deeper, Loader(data), tmp_path).begin_from(tmp_path)


def test_rate_warms_up_and_falls_and_shift_falls_late(data, config, tmp_path):
    run = Run(config, Loader(data), tmp_path)
    rates, shifts = [], []
    for run.step in range(60):
        rates.append(run.rate())
        shifts.append(run.shift())
    assert rates[0] < rates[2]
    assert rates[2] > rates[30] > rates[59]
    assert shifts[0] == shifts[20] == config.shift
    assert shifts[59] < shifts[40] < config.shift


def test_perfect_prediction_has_no_loss_but_contact():
    joints = torch.randn(3, 60, 2, 21, 3) * 0.1
    norm = WristRelative.fit(joints.numpy())
    x, _ = norm.pack(joints)
    contact = torch.zeros(3, 60, 44)
    sure = contact - 30
    t = torch.tensor([0.1, 0.5, 0.9])
    terms = loss_terms(x, sure, x, contact, t, norm)
    assert all(value < 1e-6 for value in terms.values()), terms
    worse = loss_terms(x + 0.1, sure, x, contact, t, norm)
    assert total(worse, LossWeights()) > total(terms, LossWeights())


def test_point_distances_agree_with_the_contact_track_between_tips():
    from handx_gen.kinematics.contacts import pair_distances

    joints = np.random.default_rng(0).normal(0, 0.1, (7, 2, 21, 3)).astype(np.float32)
    ours = point_distances(torch.from_numpy(joints)).numpy()
    np.testing.assert_allclose(ours[:, :33], pair_distances(joints)[:, :33], atol=1e-3)

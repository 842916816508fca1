"""Classifier-free guidance [Ho2022], with the null text the denoiser was trained on.

x̂ = u + w (c − u), applied only at the noise levels where text decides something: at low
noise it makes movement jerky, at the highest it overshoots [Kynkaanniemi2024].
"""

from torch import Tensor

from handx_gen.diffusion.denoiser import MotionDenoiser, TextMemory
from handx_gen.diffusion.sampler import Predictor

INTERVAL = (0.25, 0.95)


def classifier_free(
    denoiser: MotionDenoiser,
    null: TextMemory,
    weight: float,
    interval: tuple[float, float] = INTERVAL,
):
    """A wrapper of a predictor for `sampler.sample(adjust=…)`.

    Args:
        denoiser: The model.
        null: The memory of the same batch with the text dropped.
        weight: w; 1 is no guidance.
        interval: Noise levels within which it acts.
    """

    def adjust(predict: Predictor) -> Predictor:
        def guided(x: Tensor, t: float) -> Tensor:
            # The text-free call comes first: the sampler keeps the contacts of the last.
            inside = interval[0] <= t <= interval[1]
            u = denoiser(x, x.new_full((len(x),), t), null)[0] if inside else None
            c = predict(x, t)
            return c if u is None else u + weight * (c - u)

        return guided

    return adjust

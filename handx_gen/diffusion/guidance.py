"""Classifier-free guidance [Ho2022], for the whole text or for each of its branches.

With c_0 the prediction without text, c_1 with the first branch, c_2 with the first two and
so on to the whole text, the guided prediction goes along each branch's own effect by its
own weight [Brooks2023, eq. 3]:

    x̂ = c_0 + w_1 (c_1 − c_0) + w_2 (c_2 − c_1) + …

All weights 1 give the conditional prediction, all 0 the unconditional one, and equal
weights w the usual c_0 + w (c − c_0); predictions whose share comes to zero are not made.
It acts only at the noise levels where text decides something: at low noise it makes
movement jerky, at the highest it overshoots [Kynkaanniemi2024].
"""

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

from handx_gen.diffusion.denoiser import MotionDenoiser, TextMemory
from handx_gen.diffusion.sampler import Predictor
from handx_gen.errors import InputError
from handx_gen.text.encoder import BRANCHES

INTERVAL = (0.25, 0.95)
"""Noise levels on the flow within which guidance acts."""


def shares(weights: Sequence[float]) -> list[float]:
    """Weight of each of c_0, c_1, … in the guided prediction; they sum to 1."""
    edges = (1.0, *weights, 0.0)
    return [a - b for a, b in zip(edges[:-1], edges[1:])]


def guided(
    predictors: Sequence[Predictor],
    weights: Sequence[float],
    interval: tuple[float, float] = INTERVAL,
) -> Predictor:
    """A predictor that follows each branch by its own weight.

    Args:
        predictors: c_0, …, c_K: without text, then with one branch more each.
        weights: Of the K branches.
        interval: Noise levels within which it acts; outside, c_K alone.
    """
    if len(predictors) != len(weights) + 1:
        raise ValueError(f"{len(predictors)} predictors for {len(weights)} weights")
    parts = [(s, p) for s, p in zip(shares(weights), predictors) if s != 0]

    def predict(x: Tensor, t: float) -> Tensor:
        if not interval[0] <= t <= interval[1]:
            return predictors[-1](x, t)
        first, *others = (share * part(x, t) for share, part in parts)
        return sum(others, first)

    return predict


def classifier_free(
    denoiser: MotionDenoiser,
    null: TextMemory,
    weight: float,
    interval: tuple[float, float] = INTERVAL,
) -> Callable[[Predictor], Predictor]:
    """A wrapper of a predictor for `sampler.sample(adjust=…)`.

    Args:
        denoiser: The model.
        null: The memory of the same batch with the text dropped.
        weight: w; 1 is no guidance.
        interval: Noise levels within which it acts.
    """

    def without_text(x: Tensor, t: float) -> Tensor:
        return denoiser(x, x.new_full((len(x),), t), null)[0]

    def adjust(predict: Predictor) -> Predictor:
        # The text-free call comes first: the sampler keeps the contacts of the last.
        return guided([without_text, predict], [weight], interval)

    return adjust


def by_branch(
    denoiser: MotionDenoiser,
    text: tuple[Tensor, Tensor, Tensor],
    weights: Mapping[str, float],
    interval: tuple[float, float] = INTERVAL,
) -> Callable[[Predictor], Predictor]:
    """As `classifier_free`, each branch of the text by its own weight.

    Args:
        denoiser: The model.
        text: Token states (B, L, D), mask (B, L) bool and branch (B, L) of the prompts.
        weights: Of the branches by name (`BRANCHES`); 1 where not given.
        interval: Noise levels within which it acts.
    """
    if unknown := sorted(set(weights) - set(BRANCHES)):
        raise InputError(
            "guidance", unknown[0], "no such branch", f"one of {', '.join(BRANCHES)}"
        )
    states, mask, branch = text
    wanted = [float(weights.get(name, 1.0)) for name in BRANCHES]

    def reading(count: int) -> Predictor:
        """With the text of the first `count` branches."""
        memory = denoiser.remember(states, mask & (branch < count), branch)
        return lambda x, t: denoiser(x, x.new_full((len(x),), t), memory)[0]

    def adjust(predict: Predictor) -> Predictor:
        fewer = [
            reading(count) if share else predict
            for count, share in enumerate(shares(wanted)[:-1])
        ]
        return guided([*fewer, predict], wanted, interval)

    return adjust

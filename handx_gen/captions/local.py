"""Captions from a language model on this machine, through transformers."""

from typing import Any

from handx_gen.captions.dialogue import Answer, ask
from handx_gen.captions.schema import CaptionSet
from handx_gen.errors import InputError, MissingExtra
from handx_gen.kinematics.timeline_events import Timeline


class LocalWriter:
    """Writes captions with a chat model; loaded on first use.

    Args:
        model: Folder of the model, or its name on the hub.
        revision: Revision on the hub to pin.
        device: "cpu", "cuda", …
        max_tokens: Longest answer.
    """

    def __init__(
        self,
        model: str,
        revision: str | None = None,
        device: str = "cpu",
        max_tokens: int = 3000,
    ) -> None:
        self.model_name, self.revision = model, revision
        self.device, self.max_tokens = device, max_tokens
        self.source = f"local:{model.rstrip('/').split('/')[-1]}"
        self._loaded: tuple[Any, Any] | None = None

    def write(self, events: Timeline, seed: int = 0) -> CaptionSet:
        """Captions of one clip.

        Raises:
            CaptionError: The model gave no usable answer.
            InputError: The model cannot be loaded.
        """
        return ask(lambda talk: self._complete(talk, seed), events, self.source)

    def _complete(self, talk: list[dict[str, str]], seed: int) -> Answer:
        import torch

        tokenizer, model = self._load()
        asked = tokenizer.apply_chat_template(
            talk, add_generation_prompt=True, return_tensors="pt", return_dict=True
        ).to(self.device)
        size = asked["input_ids"].shape[1]
        with torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(seed)
            made = model.generate(
                **asked, max_new_tokens=self.max_tokens, do_sample=True, temperature=0.7
            )
        text = tokenizer.decode(made[0, size:], skip_special_tokens=True)
        return Answer(text, size, int(made.shape[1] - size))

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            try:
                from transformers import AutoModelForCausalLM, AutoTokenizer
            except ModuleNotFoundError as error:
                raise MissingExtra("a local model", "gen", "transformers") from error
            try:
                tokenizer = AutoTokenizer.from_pretrained(
                    self.model_name, revision=self.revision
                )
                model = AutoModelForCausalLM.from_pretrained(
                    self.model_name, revision=self.revision, use_safetensors=True
                )
            except (OSError, ValueError) as error:
                raise InputError(
                    "--model", "", f"cannot load {self.model_name!r} ({error})",
                    "give a folder with a chat model, or its name on the hub",
                ) from error  # fmt: skip
            if tokenizer.chat_template is None:
                raise InputError(
                    "--model", "", f"{self.model_name!r} has no chat template",
                    "use an instruction-tuned model",
                )  # fmt: skip
            self._loaded = tokenizer, model.to(self.device).eval()
        return self._loaded

"""Text encoders: words → token states, encoded once per prompt."""

from handx_gen.text.encoder import (
    HashedEncoder,
    TextEncoder,
    TextStates,
    TransformerEncoder,
    encode_prompts,
    load_encoder,
)
from handx_gen.text.files import minilm_folder

__all__ = [
    "HashedEncoder",
    "TextEncoder",
    "TextStates",
    "TransformerEncoder",
    "encode_prompts",
    "load_encoder",
    "minilm_folder",
]

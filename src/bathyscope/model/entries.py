"""Entries of a vocabulary: the bytes each stands for, as the tokenizer's decoder has it."""

import json
from typing import Any

from bathyscope.prompt.pieces import BYTE_OF


class Entries:
    """The entries of a tokenizer's vocabulary as bytes of text.

    Each stands for the same bytes wherever it occurs: a decoder that drops the space at the
    beginning of a text would move every later token by one.
    """

    def __init__(self, tokenizer: Any) -> None:
        """Read the decoder of a fast transformers tokenizer."""
        self._tokenizer = tokenizer
        self._added = {id: str(token) for id, token in tokenizer.added_tokens_decoder.items()}
        decoder = json.loads(tokenizer.backend_tokenizer.to_str())["decoder"] or {}
        self._steps = {step["type"]: step for step in decoder.get("decoders", [decoder]) if step}

    def bytes(self, id: int) -> bytes:
        """Return the UTF-8 bytes that one token stands for."""
        if id in self._added:
            return self._added[id].encode()
        piece: str | None = self._tokenizer.convert_ids_to_tokens(id)
        if piece is None:  # models pad their vocabulary beyond the tokenizer's
            return f"<{id}>".encode()
        if "ByteLevel" in self._steps:
            return bytes(BYTE_OF[character] for character in piece)
        if "ByteFallback" in self._steps and len(piece) == 6 and piece.startswith("<0x"):
            return bytes([int(piece[3:5], 16)])
        return self._with_spaces(piece).encode()

    def _with_spaces(self, piece: str) -> str:
        """Return an entry with spaces where the vocabulary has marks for them."""
        if "WordPiece" in self._steps:
            inner = self._steps["WordPiece"]["prefix"]
            return piece.removeprefix(inner) if piece.startswith(inner) else f" {piece}"
        if "BPEDecoder" in self._steps:
            end = self._steps["BPEDecoder"]["suffix"]
            return f"{piece.removesuffix(end)} " if piece.endswith(end) else piece
        return piece.replace(self._steps.get("Metaspace", {}).get("replacement", "▁"), " ")

"""The cache goes by the name that a model's own forward pass has for it."""

from typing import Any

import pytest
from transformers.utils.generic import ModelOutput

from bathyscope.model.past import cache_name, cache_of
from tests.conftest import tiny


class Newer:
    def forward(self, input_ids: Any, cache: Any = None, **kwargs: Any) -> None: ...


class Usual:
    def forward(self, input_ids: Any, past_key_values: Any = None) -> None: ...


class Open:
    def forward(self, *args: Any, **kwargs: Any) -> None: ...


@pytest.mark.parametrize(
    ("model", "name"), [(Newer, "cache"), (Usual, "past_key_values"), (Open, "past_key_values")]
)
def test_names_as_forward_passes_have_them(model: type, name: str) -> None:
    assert cache_name(model()) == name
    assert cache_of(ModelOutput(**{name: "kept"})) == "kept"
    assert cache_of(ModelOutput(logits="only")) is None


def test_families_of_both_kinds() -> None:
    assert cache_name(tiny("mamba").model) in ("cache_params", "cache")
    assert cache_name(tiny("llama").model) in ("past_key_values", "cache")

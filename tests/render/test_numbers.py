import numpy as np
import pytest

from bathyscope.render.numbers import number_format, shorter_formats, written


@pytest.mark.parametrize(
    ("value", "form", "signed", "text"),
    [
        (1.5, ".4f", True, "+1.5000"),
        (1.5, ".4f", False, "1.5000"),
        (-1.5, ".1f", True, "−1.5"),
        (-1e-9, ".4f", True, "0.0000"),
        (1e-9, ".4f", True, "0.0000"),
        (-0.0, ".2e", True, "0.00e+00"),
        (-1.234e-7, ".2e", False, "−1.23e−07"),
        (np.nan, ".4f", True, "NaN"),
        (np.inf, ".4f", False, "+∞"),
        (-np.inf, ".4f", False, "−∞"),
    ],
)
def test_numbers_have_true_signs(value: float, form: str, signed: bool, text: str) -> None:
    assert written(value, form, signed=signed) == text


@pytest.mark.parametrize(
    ("largest", "digits", "form"),
    [
        (1.2, None, ".4f"),
        (9e-4, None, ".2e"),
        (1.5e5, None, ".2e"),
        (36.0, None, ".0f"),
        (36.0, 2, ".2f"),
        (0.3, 1, ".1f"),
        (0.003, 2, ".2e"),
        (0.0, None, ".4f"),
        (0.0, 1, ".1f"),
    ],
)
def test_one_form_for_a_map(largest: float, digits: int | None, form: str) -> None:
    assert number_format(np.array([0.0, -largest, np.nan, np.inf]), digits) == form


def test_shorter_forms_keep_two_digits_of_the_largest() -> None:
    assert shorter_formats(np.array([1.9])) == [".4f", ".3f", ".2f", ".1f"]
    assert shorter_formats(np.array([0.19])) == [".4f", ".3f", ".2f"]
    assert shorter_formats(np.array([1.9e-8])) == [".2e", ".1e", ".0e"]
    assert shorter_formats(np.array([3.0])) == [".0f"]
    for size in 10.0 ** np.arange(-3, 5) * 1.5:
        for form in shorter_formats(np.array([size])):
            digits = format(size, form).replace(".", "").partition("e")[0].lstrip("0")
            assert "e" in form or len(digits) >= 2

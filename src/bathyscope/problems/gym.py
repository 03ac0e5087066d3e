"""Problems of reasoning-gym: procedural generators of many kinds, where it is installed."""

from typing import Any

from bathyscope.core.errors import InputError, advice, first_sentence
from bathyscope.problems.problem import Problem


def gym_problems(dataset: str, n: int, *, seed: int = 0) -> list[Problem]:
    """Problems of a generator of reasoning-gym, which has no worked solutions.

    Args:
        dataset: Name of the generator, e.g. `chain_sum`.
        n: How many.
        seed: Where its random numbers begin.

    Returns:
        Problems with the tag `dataset`, and with those numbers and texts of the generator's own
        account that are single values.

    Raises:
        InputError: reasoning-gym is not installed, has no such generator, or gives problems whose
            answer is no text.
    """
    if n < 1:
        raise InputError(f"{n} problems cannot be made; ask for at least 1.")
    try:
        from reasoning_gym.factory import DATASETS, create_dataset
    except ImportError as error:
        raise InputError(
            f"The problems of reasoning-gym need that package ({error}); install 'bathyscope[gym]'."
        ) from error
    names = [name for name in DATASETS if name != "composite"]
    if dataset not in names:
        raise InputError(f"reasoning-gym has no {dataset!r}; {advice(dataset, names)}.")
    try:
        entries = list(create_dataset(dataset, size=n, seed=seed))
    except Exception as error:  # foreign code raises whatever it stumbles over
        raise InputError(
            f"reasoning-gym cannot make {n} problems of {dataset!r} "
            f"({type(error).__name__}: {first_sentence(error)})."
        ) from error
    return [_problem(dataset, seed, number, entry) for number, entry in enumerate(entries, 1)]


def _problem(dataset: str, seed: int, number: int, entry: dict[str, Any]) -> Problem:
    answer = entry["answer"]
    if answer is None:
        raise InputError(
            f"The problems of {dataset!r} have no single right answer; choose another generator."
        )
    kept = {
        name: value
        for name, value in entry["metadata"].items()
        if isinstance(value, str | int) and not isinstance(value, bool)
    }
    tags = {"dataset": dataset, **kept}
    return Problem(f"{dataset}-{seed}-{number}", entry["question"], str(answer), None, tags)

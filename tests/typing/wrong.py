"""Mistakes that editors mark before anything runs: each line says which rule finds it.

Nothing here is run; tests/typing/test_typing.py has it checked.
"""

from pathlib import Path

import bathyscope as bs


def keywords(model: bs.LanguageModel, prompt: bs.Prompt) -> None:
    bs.attribute(model, prompt, metod="shapley")  # reportCallIssue
    bs.attribute(model, prompt, budget="many")  # reportArgumentType
    bs.attribute(model, prompt, method=3)  # reportArgumentType
    bs.attribute(model, prompt, cache=5)  # reportArgumentType
    bs.attribute(model, prompt, lens="raw")  # reportCallIssue
    bs.interact(model, prompt, token="first")  # reportArgumentType
    bs.depth(model, prompt, len="raw")  # reportCallIssue
    bs.depth(model, prompt, threshold="low")  # reportArgumentType
    bs.settle(model, prompt, ratio_only=True)  # reportCallIssue
    bs.stream(model, prompt, top="3")  # reportCallIssue
    bs.think(model, prompt, samples=3)  # reportCallIssue
    bs.evaluate(model, prompt, " a")  # reportCallIssue
    bs.evaluate(model, prompt, methods=[3])  # reportArgumentType
    bs.train_lens(model, ["a"], step=3)  # reportCallIssue
    bs.load(dtype=32)  # reportArgumentType


def settings(model: bs.LanguageModel) -> None:
    bs.AttributionSettings(methods="shapley")  # reportCallIssue
    bs.DepthSettings(threshold="low")  # reportArgumentType
    bs.ThinkSettings(n="many")  # reportArgumentType
    bs.depth(model, "a", settings=bs.AttributionSettings())  # reportArgumentType
    bs.attribute(model, "a", settings={"method": "shapley"})  # reportArgumentType
    bs.AttributionSettings().seed = 3  # reportAttributeAccessIssue


def subjects(run: bs.AttributionRun, scorer: bs.Scorer) -> None:
    bs.attribute("gpt2", "[[a]]")  # reportArgumentType
    bs.depth(scorer, "a")  # reportArgumentType
    bs.describe("folder")  # reportArgumentType
    bs.draw(run, "figure.png", pallete="RdBu")  # reportCallIssue
    bs.compare(run, "folder")  # reportArgumentType
    bs.view(run)  # reportCallIssue
    run.save()  # reportCallIssue
    run.al()  # reportAttributeAccessIssue reportUnknownMemberType
    print(run.standard_error.mean())  # reportOptionalMemberAccess
    bs.atribute()  # reportAttributeAccessIssue reportUnknownMemberType
    words: int = bs.describe(run)  # reportAssignmentType
    path: Path = bs.draw(run, "figure.png")  # reportAssignmentType
    print(words, path)

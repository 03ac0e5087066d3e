"""Every public name as its users write it: editors know the types, in pyright's strict mode.

Nothing here is run; tests/typing/test_typing.py has it checked.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, assert_type

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

import bathyscope as bs

Numbers = NDArray[np.float64]


def loading() -> None:
    assert_type(bs.load(), bs.LanguageModel)
    model = bs.load("folder", revision="main", dtype="bfloat16", device="cuda:0", progress=told)
    assert_type(model.num_layers, int)
    assert_type(model.context_length, int | None)
    bs.progress(False)
    assert_type(bs.__version__, str)
    assert_type(bs.__all__, list[str])


def told(stage: str, done: int, total: int | None) -> None:
    print(stage, done, total)


def without_second(text: str, present: list[bool]) -> str:
    return text if present[1] else text[:-1]


def prompts(text: str) -> None:
    marked = bs.Prompt.marked("Q: [[9 + 3]]\nA:")
    assert_type(marked, bs.Prompt)
    assert_type(bs.Prompt.segmented(text, "sentences"), bs.Prompt)
    assert_type(marked.text, str)
    assert_type(marked.labels, tuple[str, ...])
    assert_type(marked.features, tuple[tuple[int, int], ...])
    assert_type(marked.names, tuple[str, ...])


def conversations(model: bs.LanguageModel) -> None:
    said = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}]
    asked = bs.chat_prompt(
        model, said, features="turns", system="Be kind.", no_system=False, target_turn=True
    )
    assert_type(asked, bs.ChatPrompt)
    assert_type(asked.prompt, bs.Prompt)
    assert_type(asked.target, str | None)
    bs.chat_prompt(model, "chat.json", target_turn=-1)
    bs.depth(model, "What?", chat=True, system="Be kind.")


def supports(model: bs.LanguageModel) -> None:
    found = bs.support(model, Path("folder"), "Who?", answer=None, chat=True, budget=64)
    assert_type(found, bs.Support)
    assert_type(found.answer, str)
    assert_type(found.by_passage, bs.AttributionRun)
    assert_type(found.by_sentence, bs.AttributionRun)
    assert_type([one.citation for one in found.sentences], list[str])
    bs.support(model, ["One.", "Two."], "Who?", "Me.").save("folder", overwrite=True)


def chains(model: bs.LanguageModel, prompt: bs.Prompt) -> None:
    run = bs.chain(model, prompt, "One. Two. It is 3.", steps="sentences", answer="last-number")
    assert_type(run, bs.ChainRun)
    assert_type(run.reading, str)
    assert_type(run.parts, int)
    assert_type(run.all, Numbers | None)
    settings = bs.ChainSettings(reading="suppression", variant="ln_kl", chat=True)
    assert_type(bs.chain(model, "A: [[12]].", settings=settings, depth=True), bs.ChainRun)
    bs.write_table(run, Path("cells.csv"), overwrite=False)


def attribution(model: bs.LanguageModel, prompt: bs.Prompt) -> None:
    assert_type(bs.attribute(model, "A: [[12]].", " 5"), bs.AttributionRun)
    settings = bs.AttributionSettings(method="banzhaf", of="probability", seed=3)
    run = bs.attribute(
        model,
        prompt,
        target=None,
        settings=settings,
        method="shapley",
        of="logit",
        against=" 6",
        budget=64,
        tolerance=0.01,
        seed=1,
        baseline="_",
        steps=10,
        path_from="mean",
        screen=None,
        chat=True,
        system="Be kind.",
        no_system=False,
        max_new_tokens=8,
        batch_tokens=512,
        cache=Path("evaluations.sqlite"),
        progress=told,
    )
    assert_type(run.heatmap, bs.Heatmap)
    assert_type(run.all, Numbers)
    assert_type(run.none, Numbers)
    assert_type(run.gap, Numbers)
    assert_type(run.whole_target, Numbers)
    assert_type(run.standard_error, Numbers | None)
    assert_type(run.degrees_of_freedom, int | None)
    assert_type(run.halves, Numbers | None)
    assert_type(run.unseen, Numbers | None)
    each = bs.attribute_each(model, "[[a]] b", [" c", None], method="leave_one_out")
    assert_type(each, list[bs.AttributionRun])
    many = bs.attribute_many(model, ["[[a]] b", prompt], [" c", None], failed=print, budget=64)
    assert_type(many, Iterator[tuple[int, bs.AttributionRun]])
    assert_type(bs.group_columns(run, prompt), bs.AttributionRun)


def interactions(model: bs.LanguageModel, prompt: bs.Prompt) -> None:
    run = bs.interact(model, "[[a]] [[b]]", " c", token=0, settings=None, budget=64)
    assert_type(run, bs.InteractionRun)
    assert_type(run.heatmap.values, Numbers)
    assert_type(
        bs.interact_each(model, prompt, [None], token=1, of="logit"), list[bs.InteractionRun]
    )


def other_backends(scorer: bs.Scorer, run: bs.AttributionRun) -> None:
    assert_type(bs.attribute(scorer, "[[a]] b", " c", budget=8), bs.AttributionRun)
    assert_type(bs.interact(scorer, "[[a]] b", " c"), bs.InteractionRun)
    assert_type(bs.evaluate_run(scorer, run), bs.FaithfulnessRun)
    assert_type(bs.evaluate(scorer, "[[a]] b", methods=["shapley"]), bs.FaithfulnessRun)
    assert_type(scorer.provenance, Mapping[str, Any])
    print(scorer.tokens.encode("a"), bs.rerun("folder", scorer).identical)


def a_model_is_a_scorer(model: bs.LanguageModel) -> bs.Scorer:
    return model


def depth(model: bs.LanguageModel, prompt: bs.Prompt) -> None:
    run = bs.depth(
        model,
        "Q: 9 + 3?\nA:",
        response=" 12",
        settings=bs.DepthSettings(lens="raw"),
        lens="tuned",
        translators="lens.safetensors",
        threshold=0.25,
        depth_fraction=0.9,
        top_k=3,
        statistics=["entropy"],
        max_new_tokens=4,
        progress=told,
    )
    assert_type(run, bs.DepthRun)
    assert_type(run.settling_depth, NDArray[np.int64])
    assert_type(run.deep_thinking_ratio, float)
    assert_type(run.layer_statistic("entropy"), bs.Heatmap)
    assert_type(bs.depth(model, prompt), bs.DepthRun)
    assert_type(bs.depth(model, prompt, ratio_only=False), bs.DepthRun)
    assert_type(bs.depth(model, prompt, ratio_only=True, lens="raw"), bs.SettlingRun)
    many = bs.depth_many(model, ["a", prompt], [" b", None], failed=print, top_k=2)
    assert_type(many, Iterator[tuple[int, bs.DepthRun | bs.SettlingRun]])


def settling(model: bs.LanguageModel) -> None:
    run = bs.settle(model, "a", " b", settings=bs.DepthSettings(threshold=0.4), lens="raw")
    assert_type(run, bs.SettlingRun)
    assert_type(run.settling_depth, NDArray[np.int64])
    assert_type(run.tokens, bs.Axis)


def streaming(model: bs.LanguageModel, prompt: bs.Prompt) -> None:
    for token in bs.stream(model, ["a", "b"], lens="norm", max_new_tokens=4):
        assert_type(token.sequence, int)
        assert_type(token.token_id, int)
        assert_type(token.label, str)
        assert_type(token.divergences, Numbers)
        assert_type(token.settling_depth, int)
        assert_type(token.deep, bool)
    print(next(bs.stream(model, prompt, settings=bs.DepthSettings())), bs.stream(model, "a"))


def thinking(model: bs.LanguageModel, prompt: bs.Prompt) -> None:
    settings = bs.ThinkSettings(n=4, keep=0.5, temperature=0.7, answer="boxed")
    run = bs.think(
        model,
        "9 + 3 =",
        settings=settings,
        n=8,
        prefix=10,
        keep=0.25,
        temperature=1.0,
        answer="choice",
        max_new_tokens=40,
        stop="\n",
        seed=1,
        lens="tuned",
        translators=Path("lens.safetensors"),
        threshold=0.5,
        depth_fraction=0.8,
        compare=True,
        progress=told,
    )
    assert_type(run, bs.ThinkRun)
    assert_type(run.answer, str | None)
    for sample in run.samples:
        assert_type(sample.text, str)
        assert_type(sample.deep_thinking_ratio, float)
    print(bs.think(model, prompt).provenance["model"])


def lenses(model: bs.LanguageModel) -> None:
    lens = bs.train_lens(
        model,
        ["text"],
        settings=bs.LensTraining(steps=20),
        steps=30,
        positions=8,
        sequence_length=64,
        learning_rate=1e-3,
        held_out=0.2,
        seed=1,
        progress=told,
    )
    lens.save(Path("lens.safetensors"))
    assert_type(lens.about, dict[str, Any])
    fit = bs.JacobianFit(estimator="exact", passages=2, begin="always")
    jacobian = bs.fit_jacobian_lens(model, ["text"], settings=fit, keep="begun", seed=1)
    jacobian.save("jacobian.safetensors", overwrite=True)
    bs.convert_lens(model, Path("theirs.pt")).save("ours.safetensors")
    by_sentence = bs.group_depths(bs.settle(model, "a", " b"), "sentence")
    assert_type(by_sentence, bs.DepthGroupsRun)
    assert_type(by_sentence.groups[0].deep_share, float)


def faithfulness(model: bs.LanguageModel, run: bs.AttributionRun) -> None:
    ranked = bs.evaluate(model, "[[a]] [[b]]", " c", methods=["shapley", "saliency"], budget=64)
    assert_type(ranked, bs.FaithfulnessRun)
    for one in ranked.maps:
        assert_type(one.name, str)
    assert_type(ranked.features, tuple[str, ...])
    again = bs.evaluate_run(model, run, budget=64, seed=2, cache="kept.sqlite", progress=told)
    assert_type(again, bs.FaithfulnessRun)


def comparing(a: bs.AttributionRun, b: bs.Heatmap) -> None:
    comparison = bs.compare(a, b)
    assert_type(comparison, bs.Comparison)
    assert_type(bs.describe(comparison), str)
    bs.draw(comparison, "comparison.pdf", palette="PuOr", overwrite=False)


def files(run: bs.DepthRun) -> None:
    run.save("folder", overwrite=True)
    opened = bs.open_run(Path("folder"))
    assert_type(opened.kind, str)
    assert_type(opened.prompt, str | None)
    assert_type(opened.text, str | None)
    assert_type(opened.notes, tuple[str, ...])
    assert_type(opened.margin, Numbers | None)
    assert_type(opened.provenance, Mapping[str, Any])
    assert_type(opened.to_document(), dict[str, Any])
    if isinstance(opened, bs.AttributionRun):
        assert_type(opened.all, Numbers)
    if opened.evidence is not None:
        assert_type(opened.evidence.log_probs, Numbers)
        assert_type(opened.evidence.log_prob, float)
    assert_type(bs.read_table("table.csv"), bs.Heatmap)
    print(bs.open_map({"a": [1.0]}), run.to_frame().shape, repr(run))


def showing(run: bs.AttributionRun, plain: bs.Heatmap, ax: Axes) -> None:
    assert_type(bs.describe(run), str)
    assert_type(bs.describe(plain, format="json"), str)
    drawn = bs.draw(run, "figure.png", per_page=20, overwrite=True, palette="RdYlGn")
    assert_type(drawn, list[Path])
    assert_type(bs.figure(plain), Figure)
    assert_type(bs.figure(run, ax, palette="RdBu"), Figure)
    bs.view([run, plain], "page.html", names=["one", "two"], overwrite=False)
    bs.view(run, Path("page.html"))


def problems() -> None:
    made = bs.arithmetic_problems(10, seed=1, kinds=["gain", "loss"])
    assert_type(made, list[bs.Problem])
    assert_type(bs.read_problems("problems.jsonl", shape="gsm8k"), list[bs.Problem])
    assert_type(made[0].answer, str)
    assert_type(made[0].solution, str | None)
    assert_type(made[0].tags, Mapping[str, str | int])


def selecting(model: bs.LanguageModel, held_out: list[bs.Problem]) -> None:
    chosen = bs.select(
        "pool.jsonl",
        held_out,
        model=model,
        encoder="folder",
        settings=bs.SelectSettings(by="similar"),
        by="attribution",
        k=4,
        task="gsm8k",
        seed=1,
        method="shapley",
        budget=64,
        candidates=8,
        progress=told,
    )
    assert_type(chosen, bs.Selection)
    assert_type(chosen.chosen, list[int])
    assert_type(chosen.notes, tuple[str, ...])
    report = bs.judge_selection(
        chosen,
        held_out,
        model=model,
        questions=[],
        settings=bs.JudgeSettings(permute=2),
        random_sets=20,
        permute=3,
        credit="shapley",
        budget=64,
        max_new_tokens=8,
        answer="boxed",
        seed=2,
        progress=told,
    )
    assert_type(report, bs.SelectionReport)
    assert_type(report.to_document(), dict[str, Any])


def heatmaps() -> None:
    plain = bs.Heatmap(
        values=np.zeros((1, 2)),
        rows=bs.Axis("token", ("a",), ids=(5,)),
        columns=bs.Axis("feature", ("b", "c"), spans=((0, 1), (1, 2))),
        quantity=bs.Quantity("effect", "nats", bounds=(-1.0, 1.0), neutral=0.0),
        provenance={"model": {"name": "x"}},
    )
    assert_type(plain.values, Numbers)
    assert_type(plain.rows.labels, tuple[str, ...])
    assert_type(plain.rows.ids, tuple[int, ...] | None)
    assert_type(plain.quantity.bounds, tuple[float, float] | None)


def studies(model: bs.LanguageModel) -> None:
    settings = bs.BatchSettings(
        attribution=bs.AttributionSettings(method="shapley"),
        depth=bs.DepthSettings(),
        answer="last-number",
        features="demonstrations",
        template="{{ question }}",
        orders=2,
        stop="\n",
    )
    doing = bs.Doing(engine="processes", workers=2, shard=4, progress=told)
    done = bs.batch("problems.jsonl", "study", settings=settings, model=model, doing=doing)
    assert_type(done, bs.Batch)
    assert_type(done.study, bs.Study)
    assert_type(done.failed, Mapping[str, str])
    study = bs.open_study(Path("study"))
    assert_type(study.runs("a")[0].heatmap, bs.Heatmap)
    view = bs.StudyView(study)
    found = bs.findings(["mean(value) by row.role"], view, correct="bh")
    assert_type(found, list[bs.Finding])
    assert_type(bs.describe_finding(found[0]), str)
    bs.StudyReport(view, found).write(Path("report"), overwrite=True, pages=10, progress=told)


def rerunning(model: bs.LanguageModel) -> None:
    found = bs.rerun("figure.png", model, translators=None, device="cpu", progress=told)
    assert_type(found.identical, bool)
    assert_type(found.agrees(tolerance=1e-6), bool)
    assert_type(found.run.heatmap, bs.Heatmap)


def errors(verb: Callable[[], Iterator[int]]) -> str:
    try:
        print(list(verb()))
    except (bs.InputError, bs.ModelError) as error:
        return str(error)
    except bs.BathyscopeError:
        raise
    return ""

"""A map in words: Markdown, every sentence computed from the numbers and true of them."""

from collections.abc import Iterator

import numpy as np

from bathyscope.faithfulness_run import FaithfulnessRun
from bathyscope.heatmap import Axis, Heatmap
from bathyscope.render.facts import DOMINANCE, NEAR_ZERO_SHARE, Cell, Facts, facts
from bathyscope.render.faithfulness_words import describe_faithfulness
from bathyscope.render.kinds import kinds
from bathyscope.render.markdown import code as _code
from bathyscope.render.markdown import listed as _listed
from bathyscope.render.palette import scale_of
from bathyscope.runs import AttributionRun, DepthRun, InteractionRun, Run

_METHODS = {
    "shapley": "its {exact} Shapley value, its effect averaged over all orders of adding features",
    "leave_one_out": "what is lost when it alone is taken out of the whole prompt",
    "banzhaf": "its {exact} Banzhaf value, its effect averaged over all sets of other features",
    "surrogate": "its weight in a sparse linear model of random sets of features",
    "saliency": "the length of the gradient at its tokens' embeddings, summed",
    "input_x_gradient": "the product of its tokens' embeddings with the gradient, summed",
    "integrated_gradients": "that product averaged along a straight path from a baseline embedding",
}
_LENSES = {
    "norm": "read through the final norm (the usual logit lens)",
    "raw": "read without the final norm",
    "tuned": "read through affine translators trained for each layer (the tuned lens)",
}


def describe(subject: Run | Heatmap) -> str:
    """Return a map in words, as Markdown.

    What it is, its axes, its scale, and what stands out: largest and smallest cell, the dominating
    row, the share near zero, every negative of note, and how far the sums are from complete.
    """
    if isinstance(subject, FaithfulnessRun):
        return describe_faithfulness(subject)
    heatmap = subject if isinstance(subject, Heatmap) else subject.heatmap
    found = facts(heatmap)
    parts = [f"# {_title(subject)}", "", *_overview(subject), "", "## Axes", ""]
    parts += [f"- {line}" for line in _axes(heatmap)]
    parts += ["", "## Scale", "", f"- {_scale(heatmap)}", "", "## What stands out", ""]
    parts += [f"- {line}" for line in _observations(subject, heatmap, found)]
    return "\n".join(parts) + "\n"


def _title(subject: Run | Heatmap) -> str:
    heatmap = subject if isinstance(subject, Heatmap) else subject.heatmap
    rows, columns = heatmap.values.shape
    match subject:
        case AttributionRun():
            return (
                f"What drove {_count(rows, 'token')}: attribution to {_count(columns, 'feature')}"
            )
        case InteractionRun():
            return f"What {_count(columns, 'feature')} do together"
        case DepthRun():
            return (
                f"How deep {_count(columns, 'token')} {'was' if columns == 1 else 'were'} decided"
            )
        case _:
            name = heatmap.quantity.name
            return (
                f"{name[0].upper()}{name[1:]}: {_count(rows, 'row')}, {_count(columns, 'column')}"
            )


def _overview(subject: Run | Heatmap) -> list[str]:
    match subject:
        case AttributionRun():
            return [f"{_asked(subject)} {_cell_of(subject)} {_absent(subject)}"]
        case InteractionRun():
            return [
                f"{_asked(subject)} A cell says how much more (positive: they complement each "
                "other) or less (negative: they replace each other) two features do together than "
                "each does alone, the second-order Shapley interaction index "
                f"({_exactness(subject)}); on the diagonal stands the Shapley value of the "
                f"feature. {_absent(subject)}"
            ]
        case DepthRun():
            provenance = subject.heatmap.provenance
            return [
                f"{_code(provenance['model']['name'])} "
                f"{'wrote' if provenance['generated'] else 'was given'} the response "
                f"{_code(provenance['target'])}. A cell is the Jensen-Shannon divergence, in bits, "
                "between what the model would say for a token at a layer and what it says at its "
                f"last layer: 0 is the same, 1 has nothing in common. Intermediate layers are "
                f"{_LENSES[provenance['lens']]}."
            ]
        case _:
            return ["A table of numbers; what they measure is known only from its labels."]


def _asked(run: AttributionRun | InteractionRun) -> str:
    provenance = run.heatmap.provenance
    given = "wrote" if provenance["generated"] else "was given"
    name, target = _code(provenance["model"]["name"]), _code(provenance["target"])
    against = provenance.get("against")
    compared = "" if against is None else f", here compared with {_code(against)}"
    return f"{name} {given} the continuation {target}{compared}."


def _cell_of(run: AttributionRun) -> str:
    quantity, method = run.heatmap.quantity, run.heatmap.provenance["method"]
    what = _METHODS[method["name"]].format(exact=_exactness(run))
    if quantity.neutral is None:
        return (
            f"A cell says how strongly a token reacts to a feature of the prompt, without a "
            f"direction, in {quantity.unit}. The value of a feature is {what}."
        )
    return (
        f"A cell says how much a feature of the prompt added to a token, in {_measured(run)} "
        f"(positive: supports), or took away (negative: opposes). The value of a feature is {what}."
    )


def _measured(run: AttributionRun) -> str:
    return {
        "logprob": "nats of log-probability",
        "logit": "logits",
        "probability": "probability",
    }[run.heatmap.provenance["method"].get("of", "logprob")]


def _exactness(run: AttributionRun | InteractionRun) -> str:
    return "exact" if run.standard_error is None else "sampled"


def _absent(run: AttributionRun | InteractionRun) -> str:
    method = run.heatmap.provenance["method"]
    if "path_from" in method:
        return "No text is left out: gradients are read at the whole prompt."
    baseline = method["baseline"]
    return f"An absent feature is {f'replaced by {_code(baseline)}' if baseline else 'left out'}."


def _axes(heatmap: Heatmap) -> Iterator[str]:
    if heatmap.rows.name == "layer":
        yield (
            f"Rows: layers {heatmap.rows.labels[0]} (bottom) to {heatmap.rows.labels[-1]}, of "
            f"{len(heatmap.rows) + 1}; the last layer, compared with itself, is 0 and not drawn."
        )
    else:
        yield f"Rows, top to bottom: {_entries(heatmap.rows)}."
    yield f"Columns, left to right: {_entries(heatmap.columns)}."


def _entries(axis: Axis) -> str:
    noun = "columns" if axis.name == "column" else _plural(axis.name)
    return f"{len(axis)} {noun if len(axis) > 1 else axis.name}: {_listed(axis.labels, _code)}"


def _scale(heatmap: Heatmap) -> str:
    scale = scale_of(heatmap)
    unit = f" {heatmap.quantity.unit}" if heatmap.quantity.unit else " (unit not stated)"
    if heatmap.quantity.bounds is not None:
        why = "the range that is possible"
    elif heatmap.quantity.neutral is not None:
        why = f"symmetric about {heatmap.quantity.neutral:g}, set by the cell of the largest size"
    else:
        why = "from the smallest to the largest cell"
    return f"Colours run from {scale.low:.4f} to {scale.high:.4f}{unit}, {why}; nothing is clipped."


def _observations(subject: Run | Heatmap, heatmap: Heatmap, found: Facts) -> Iterator[str]:
    yield f"Largest cell: {_cell(heatmap, found.largest)}."
    yield f"Smallest cell: {_cell(heatmap, found.smallest)}."
    yield _dominance(heatmap, found)
    cells = heatmap.values.size
    yield (
        f"Near zero: {found.near_zero} of {_count(cells, 'cell')} "
        f"({100 * found.near_zero / cells:.0f} %) are at most {found.near_zero_limit:.4f} in size, "
        f"{100 * NEAR_ZERO_SHARE:.0f} % of the largest."
    )
    if isinstance(subject, DepthRun):
        yield from _depth_observations(subject)
        return
    if found.negatives:
        listed = "; ".join(_cell(heatmap, cell) for cell in found.negatives)
        yield f"Negative and not near zero ({len(found.negatives)}): {listed}."
    else:
        yield "No cell is negative beyond near zero."
    if isinstance(subject, AttributionRun | InteractionRun):
        yield from _sampling(subject)
    if isinstance(subject, AttributionRun):
        yield from _completeness(subject)


def _dominance(heatmap: Heatmap, found: Facts) -> str:
    top = found.dominating
    if top is None:
        return (
            "No row dominates: the largest sum of a row's cell sizes is less than "
            f"{DOMINANCE:g} times the next."
        )
    times = f"{top.size / top.next_size:.1f} times" if top.next_size else "infinitely more than"
    return (
        f"{_position(heatmap.rows, top.row)} dominates: the sizes of its cells sum to "
        f"{top.size:.4f}, {times} the next row's {top.next_size:.4f} "
        f"({_position(heatmap.rows, top.next_row, start=False)})."
    )


def _sampling(run: AttributionRun | InteractionRun) -> Iterator[str]:
    if run.standard_error is None or run.margin is None:
        return
    covered = int((np.abs(run.heatmap.values) <= run.margin).sum())
    yield (
        f"Sampled from {run.heatmap.provenance['method']['evaluations']:,} coalitions: the largest "
        f"standard error is {run.standard_error.max():.4f}; the 95 % interval covers 0 in "
        f"{covered} of {_count(run.margin.size, 'cell')}."
    )


def _completeness(run: AttributionRun) -> Iterator[str]:
    whole = run.whole_target
    best, worst = int(whole.argmax()), int(whole.argmin())
    everything, nothing = float(run.whole(run.all)), float(run.whole(run.none))
    if np.isnan(nothing):
        yield f"{_whole_value(run)} {everything:.4f} with every feature."
    else:
        yield (
            f"{_whole_value(run)} {everything:.4f} with every feature and {nothing:.4f} with none: "
            f"the features together change it by {everything - nothing:+.4f}."
        )
    labels = run.heatmap.columns.labels
    yield (
        f"Over the whole continuation {_code(labels[best])} has the highest sum "
        f"({whole[best]:+.4f}) and {_code(labels[worst])} the lowest ({whole[worst]:+.4f})."
    )
    if np.isnan(nothing):
        return
    size = np.abs(run.gap)
    row = int(size.argmax())
    unit = f" {run.heatmap.quantity.unit}" if run.heatmap.quantity.unit else ""
    yield (
        f"Completeness gap, row sum minus (all − none): at most {size[row]:.2g}{unit} in size "
        f"({_position(run.heatmap.rows, row, start=False)})."
    )


def _whole_value(run: AttributionRun) -> str:
    unit = _measured(run)
    if run.heatmap.provenance.get("against") is not None:
        return f"The difference of the two whole continuations, in {unit}, is"
    return f"The sum over the whole continuation, in {unit}, is"


def _depth_observations(run: DepthRun) -> Iterator[str]:
    yield _median_over_tokens(run)
    threshold, depths = run.heatmap.provenance["threshold"], run.settling_depth
    yield (
        f"A token settles at the first layer with at most {threshold:g} bits, at layer "
        f"{run.num_layers} where none has: earliest {_settling(run, depths.min())}; latest "
        f"{_settling(run, depths.max())}; median layer {np.median(depths):g}."
    )
    deep_layer = run.heatmap.provenance["deep_layer"]
    yield (
        f"Deep-thinking ratio: {run.deep_thinking_ratio:.4f}, "
        f"{int((depths >= deep_layer).sum())} of {_count(len(depths), 'token')} settle at layer "
        f"{deep_layer} or later (⌈{run.heatmap.provenance['depth_fraction']:g} × "
        f"{run.num_layers}⌉)."
    )
    yield from _kinds(run)


def _kinds(run: DepthRun) -> Iterator[str]:
    found = kinds(run)
    if found is None:
        return
    difference = found.completions_median - found.template_median
    order = "earlier than" if difference > 0 else "later than" if difference < 0 else "as early as"
    yield (
        f"Template words (`the`, `is`, `.`; {_count(found.template, 'token')}) settle at layer "
        f"{found.template_median:g} in the median, {order} digits and what follows an operator "
        f"({_count(found.completions, 'token')}), at layer {found.completions_median:g}."
    )


def _median_over_tokens(run: DepthRun) -> str:
    threshold = run.heatmap.provenance["threshold"]
    median = np.median(run.heatmap.values, axis=1)
    below = np.flatnonzero(median <= threshold)
    course = (
        f"it is first at or below {threshold:g} at layer {below[0] + 1}"
        if len(below)
        else f"it is above {threshold:g} at every one of them"
    )
    return (
        f"Median over the tokens: {median[0]:.4f} bits at layer 1, {median[-1]:.4f} at layer "
        f"{len(median)}; {course}."
    )


def _settling(run: DepthRun, depth: int) -> str:
    labels = run.heatmap.columns.labels
    places = [
        f"{_code(labels[position])} ({position + 1})"
        for position in np.flatnonzero(run.settling_depth == depth)
    ]
    return f"at layer {depth}: {_listed(places, str)}"


def _cell(heatmap: Heatmap, cell: Cell) -> str:
    sign = "+" if heatmap.quantity.neutral is not None else ""
    return (
        f"{cell.value:{sign}.4f} at {_position(heatmap.rows, cell.row, start=False)} × "
        f"{_position(heatmap.columns, cell.column, start=False)}"
    )


def _position(axis: Axis, index: int, start: bool = True) -> str:
    """Return an entry by its position, counted from 1, and label: labels may repeat."""
    if axis.name == "layer":
        return f"{'Layer' if start else 'layer'} {axis.labels[index]}"
    name = f"{axis.name} {index + 1}"
    return f"{name[0].upper() + name[1:] if start else name} {_code(axis.labels[index])}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else _plural(noun)}"


def _plural(noun: str) -> str:
    return noun + "s"

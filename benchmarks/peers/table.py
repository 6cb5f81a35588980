# SPDX-License-Identifier: GPL-3.0-or-later
"""From measured rounds to rows, and from rows to Markdown. Standard library only.

A row is a dict: experiment, case, norm, library, version, images, success_rate, mean_norm, median_norm, forwards,
backwards (per image), cpu_ms (per image), images_per_second, rounds, ratio_cpu, ratio_time, notes; or experiment, case,
library and `missing`, the reason why there are no figures.
"""

import statistics

COLUMNS = [
    "attack",
    "library",
    "images",
    "success",
    "mean norm",
    "median",
    "forwards",
    "backwards",
    "CPU ms",
    "images/s",
    "CPU vs Whorl",
    "time vs Whorl",
    "runs",
]
NORMS = {"l2": "L2", "linf": "Linf", "l0": "L0"}


def ratio(theirs, ours):
    """How many times as long they took: the median over the rounds in which both ran side by side.

    Lists of figures, one a round; where the rounds don't pair up, the ratio of the medians. None if there are none.
    """
    if not theirs or not ours or not statistics.median(ours):
        return None
    if len(theirs) == len(ours) and all(ours):
        return statistics.median(t / o for t, o in zip(theirs, ours))
    return statistics.median(theirs) / statistics.median(ours)


def add_ratios(rows):
    """Sets ratio_cpu and ratio_time of each row against Whorl's row of the same case."""
    whorl = {row["case"]: row for row in rows if row["library"] == "whorl" and "missing" not in row}
    for row in rows:
        if "missing" in row:
            continue
        ours = whorl.get(row["case"], {})
        row["ratio_cpu"] = ratio(row["cpu_rounds"], ours.get("cpu_rounds"))
        row["ratio_time"] = ratio(row["time_rounds"], ours.get("time_rounds"))


def number(value, digits=3):
    """So many digits, no exponent, zeros before the point not counted; "-" for what isn't there."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    whole = len(str(int(abs(value))).lstrip("0"))  # digits before the point
    places = max(0, digits - whole)
    return f"{value:.{places}f}"


def percent(value):
    return "-" if value is None else f"{100 * value:.1f} %"


def times(value):
    return "-" if value is None else f"{number(value)}x"


def cells(row):
    if "missing" in row:
        return [row["case"], row["library"], *["-"] * (len(COLUMNS) - 2)]
    mean_norm = "-" if row["mean_norm"] is None else f"{NORMS[row['norm']]} {number(row['mean_norm'], 4)}"
    return [
        row["case"],
        row["library"],
        str(row["images"]),
        percent(row["success_rate"]),
        mean_norm,
        number(row["median_norm"], 4),
        number(row["forwards"]),
        number(row["backwards"]),
        number(row["cpu_ms"]),
        number(row["images_per_second"]),
        times(row["ratio_cpu"]),
        times(row["ratio_time"]),
        str(row["rounds"]),
    ]


def markdown(header, lines):
    """A Markdown table with its columns aligned; words to the left, figures to the right."""
    widths = [max(len(line[i]) for line in [header, *lines]) for i in range(len(header))]

    def text(line):
        padded = [
            cell.ljust(width) if i < 2 else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))
        ]
        return "| " + " | ".join(padded) + " |"

    rule = ["-" * width if i < 2 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    return "\n".join([text(header), text(rule), *map(text, lines)])


def comparison(rows):
    """The one table."""
    return markdown(COLUMNS, [cells(row) for row in rows])


def notes(rows):
    """What the figures don't say: one line for each library and remark, with the attacks that it is about."""
    about = {}
    for row in rows:
        for words in [row["missing"]] if "missing" in row else row["notes"]:
            about.setdefault((row["library"], words), []).append(row["case"])
    return "\n".join(f"- {library} ({', '.join(names)}): {words}" for (library, words), names in about.items())


def pixels(rows):
    """E1: the sets beside Whorl's (foolbox's, without Whorl), pixel by pixel; "" if none were compared."""
    lines = [
        [row["case"], row["library"], row["pixels_of"], f"{row['pixel_gap']:.2g}", percent(row["pixels_close"])]
        for row in rows
        if row.get("pixel_gap") is not None
    ]
    header = ["attack", "library", "beside", "largest difference", "images within 1e-6"]
    return markdown(header, lines) if lines else ""


def eight_bit(rows):
    """E16: shares of the successes that are still adversarial after every pixel was rounded to the nearest of 256 levels,
    and, for Whorl, in the files that it saves, which must not leave the ball either."""
    lines = []
    for row in rows:
        if "missing" in row or not row["success_rate"]:
            continue
        saved = row.get("exported")
        if isinstance(saved, dict):
            words = percent(saved["still_adversarial"] / saved["successes"]) + f" of {saved['successes']}"
            words += f", {saved['violations']} outside" if saved["violations"] else ""
        else:
            words = saved or "-"
        lines.append([row["case"], row["library"], percent(row["success_rate"]), percent(row["survive_8_bit"]), words])
    return markdown(["attack", "library", "success", "after rounding", "in saved files"], lines)

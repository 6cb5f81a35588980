# SPDX-License-Identifier: GPL-3.0-or-later
"""Whorl beside the Python attack libraries: same weights, images, parameters and threads, in turns; one table.

Run it through compare.sh, which makes the environment. Results go to build/peers/results: table.md, table.json, and for
each case the peers' figures, which --reuse takes instead of running them again.
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import platform
import resource
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def options_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--experiment",
        "--only",
        default="",
        help="E1 … E8, E16, or names of the table's first column, separated by commas (default: all)",
    )
    parser.add_argument(
        "--weights",
        default=os.environ.get("WHORL_REFERENCE_WEIGHTS", ""),
        help="safetensors with the reference network's conv1, conv2, fc1, fc2; default: the variable "
        "WHORL_REFERENCE_WEIGHTS. A Whorl model of architecture reference-cnn will do",
    )
    parser.add_argument("--data-dir", default="", help="folder that has mnist/ (default: WHORL_DATA)")
    parser.add_argument("--cli", default=str(ROOT / "build/release/bin/whorl-cli"), help="whorl-cli")
    parser.add_argument("--libraries", default="", help="peers, separated by commas (default: all; none: no peer)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5, help="timed runs of each; the median counts")
    parser.add_argument(
        "--patience", type=float, default=120, help="who takes longer (s) in a timed run is run but once"
    )
    parser.add_argument("--images", type=int, default=0, help="at most so many images a case (0: as the case says)")
    parser.add_argument("--clock", choices=["time", "cpu"], default="time", help="what the speed aims go by")
    parser.add_argument("--bfloat16", action="store_true", help="Whorl once more with --precision bfloat16")
    parser.add_argument("--reuse", action="store_true", help="take the peers' earlier figures where nothing changed")
    parser.add_argument("--no-tune", action="store_true", help="Whorl's usual plan instead of one measured first")
    parser.add_argument("--no-whorl", action="store_true", help="the peers alone")
    parser.add_argument("--results", default=str(ROOT / "build/peers/results"))
    options = parser.parse_args(arguments)
    if not options.weights:
        parser.error("--weights is missing; README.md says how to train some")
    return options


OPTIONS = options_of(sys.argv[1:])
os.environ["OMP_NUM_THREADS"] = str(OPTIONS.threads)  # before anything loads OpenMP

import cases  # noqa: E402
import aims  # noqa: E402
import images  # noqa: E402
import rounds  # noqa: E402
import table  # noqa: E402


def say(text):
    print(text, file=sys.stderr, flush=True)


def row_of(case, runner, measured):
    """One row of the table from the rounds of one runner."""
    score, count = measured.score, measured.images
    row = {
        "experiment": case.experiment,
        "case": case.name,
        "norm": case.norm,
        "library": runner.name,
        "version": runner.version,
        "images": count,
        "parameters": case.parameters,
        "success_rate": statistics.mean(measured.success_rates),
        "success_rates": measured.success_rates,
        "mean_norm": score["mean_" + case.norm],
        "median_norm": score["median_" + case.norm],
        "forwards": measured.forwards / count,
        "backwards": measured.backwards / count,
        "cpu_rounds": measured.cpu_ms,
        "time_rounds": measured.time_ms,
        "cpu_ms": statistics.median(measured.cpu_ms),
        "images_per_second": 1e3 / statistics.median(measured.time_ms),
        "rounds": len(measured.cpu_ms),
        "violations": measured.violations,
        "peak_mib": measured.peak_mib,
        "survive_8_bit": score["survive_8_bit"],
    }
    for name in ("mean_l2", "median_l2", "mean_linf", "mean_l0", "largest_norm"):
        row[name] = score[name]
    if measured.reused:  # not side by side with today's rounds
        row.update(cpu_rounds=[row["cpu_ms"]], time_rounds=[statistics.median(measured.time_ms)])
    if measured.whorl:
        row["whorl"] = measured.whorl
    words = [runner.note(case)]
    if count < measured.asked:
        words.append(f"{count} images only")
    if measured.reused:
        words.append("figures of an earlier run")
    if measured.violations:
        words.append(
            f"{measured.violations} images outside the ball or the box, largest norm {score['largest_norm']:.9g}"
        )
    if measured.claimed is not None and measured.claimed != score["successes"]:
        words.append(f"claims {measured.claimed} successes, of which plain PyTorch confirms {score['successes']}")
    if case.experiment == "E6" and measured.peak_mib is not None:
        words.append(f"peak memory {measured.peak_mib:.0f} MiB above the start")
    row["notes"] = [word for word in words if word]
    return row


def compare_with_whorl(case, rows, sets):
    """Pixels of Whorl's set (foolbox's without one) beside the others', and norms on the images that both attacked."""
    base = next((name for name in ("whorl", "foolbox") if name in sets), None)
    by_name = {row["library"]: row for row in rows if "missing" not in row}
    for name, measured in sets.items():
        if base is None or name == base:
            continue
        both = min(measured.images, sets[base].images)
        if case.pixels:
            gap = (measured.adversarial[:both] - sets[base].adversarial[:both]).abs().flatten(1).amax(1)
            close = (gap <= 1e-6).double().mean().item()
            by_name[name].update(pixels_of=base, pixel_gap=gap.max().item(), pixels_close=close)
        elif both < sets[base].images and base == "whorl":
            won = [v for v, good in zip(sets[base].score[case.norm][:both], sets[base].score["won"][:both]) if good]
            if won:
                by_name[name]["notes"].append(f"Whorl's mean norm on these {both} is {statistics.mean(won):.4g}")


def runners_of(options, work):
    """Whorl's runner or runners, then the peers' that are installed."""
    found = []
    if not options.no_whorl:
        found.append(rounds.whorl_runner("whorl", options, work))
        if options.bfloat16:
            found.append(rounds.whorl_runner("whorl bfloat16", options, work, ["--precision", "bfloat16"]))
    wanted = [name for name in options.libraries.split(",") if name and name != "none"] if options.libraries else None
    found += rounds.peer_runners(wanted, options)
    return found


def write(path, text):
    """Atomically, so that a broken run leaves the table of the last one."""
    temporary = path.with_suffix(path.suffix + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def machine():
    """The processor, as /proc/cpuinfo names it, and how many."""
    name = platform.processor() or platform.machine()
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return f"{name}, {os.cpu_count()} processors"


def wants_eight_bit(options):
    return options.experiment == "" or "E16" in options.experiment.split(",")


def report(options, head, rows):
    parts = [table.comparison(rows)]
    lines = [
        [case, aim, value, bound, "met" if met else "MISSED"]
        for case, aim, value, bound, met in aims.judged(rows, options.clock)
    ]
    if lines:
        clock = "elapsed time" if options.clock == "time" else "CPU time"
        parts += [f"Aims (speed by {clock}):", table.markdown(["attack", "aim", "value", "bound", ""], lines)]
    if wants_eight_bit(options):
        parts += ["E16, what 8 bit keep of the successes:", table.eight_bit(rows)]
    if table.pixels(rows):
        parts += ["E1, pixel by pixel:", table.pixels(rows)]
    if table.notes(rows):
        parts += ["Notes:", table.notes(rows)]
    text = "\n\n".join(parts) + "\n"
    folder = pathlib.Path(options.results)
    about = ", ".join(f"{name} {value}" for name, value in head["versions"].items() if value)
    write(folder / "table.md", f"{head['date']}; {head['machine']}; {head['threads']} thread(s); {about}\n\n{text}")
    write(folder / "table.json", json.dumps({**head, "rows": rows}, indent=1) + "\n")
    return text


def main():
    options = OPTIONS
    try:
        chosen = cases.chosen([name for name in options.experiment.split(",") if name])
    except ValueError as error:
        sys.exit(str(error))
    folder = pathlib.Path(options.results)
    folder.mkdir(parents=True, exist_ok=True)
    mnist = images.mnist_folder(options.data_dir)
    labels = images.test_labels(mnist)
    data = rounds.Data(options.weights, images.interleaved(labels), labels, images.test_pixels(mnist))
    with rounds.scratch() as work:
        runners = runners_of(options, work)
        head = {
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "machine": machine(),
            "threads": options.threads,
            "weights_sha256": hashlib.sha256(pathlib.Path(options.weights).read_bytes()).hexdigest(),
            "versions": rounds.versions(runners),
            "clean_accuracy": data.accuracy,
            "plans": {runner.name: runner.program.plan for runner in runners if isinstance(runner, rounds.WhorlRunner)},
        }
        rows, eight_bit = [], wants_eight_bit(options)
        for case in chosen:
            say(f"{case.experiment} {case.name}")
            sets, of_case = {}, []
            for runner, measured in rounds.measure(case, runners, data, options, head, say):
                if isinstance(measured, str):
                    of_case.append(
                        {"experiment": case.experiment, "case": case.name, "library": runner.name, "missing": measured}
                    )
                else:
                    sets[runner.name] = measured
                    of_case.append(row_of(case, runner, measured))
                    if eight_bit and case.name in cases.EIGHT_BIT and isinstance(runner, rounds.WhorlRunner):
                        of_case[-1]["exported"] = rounds.exported(case, runner, data, options)
            compare_with_whorl(case, of_case, sets)
            rows += of_case
            table.add_ratios(rows)
            text = report(options, head, rows)
    print(text)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    say(f"{folder / 'table.md'} (this process used at most {peak} MiB)")


if __name__ == "__main__":
    main()

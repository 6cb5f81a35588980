# SPDX-License-Identifier: GPL-3.0-or-later
"""Measured runs: everybody in turns, so that a busy moment hits all; clocks and counts."""

import contextlib
import gc
import pathlib
import tempfile
import time
import traceback

import numpy
import torch
from PIL import Image

import cases
import kept
import network
import peers
import whorl

BATCH = 100


class Data:
    """The reference network, and the images that it gets right."""

    def __init__(self, weights, order, labels, pixels):
        self.weights = weights
        self.net = network.load(weights)
        self.order = order
        every = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(-1, 1, 28, 28)[order].float() / 255
        truth = torch.tensor([labels[i] for i in order])
        self.right = network.predict(self.net, every) == truth
        self.accuracy = self.right.double().mean().item()
        self.images, self.labels = every, truth

    def part(self, count, most=0):
        """Images, labels and test-set indices of the correct ones among the first `count`, at most `most` of them."""
        right = self.right[:count].nonzero().flatten()
        right = right[:most] if most else right
        return self.images[right], self.labels[right], [self.order[i] for i in right.tolist()]


def _peak_reset():
    """Starts a new peak of this process's memory; the memory in use, in MiB. None where the system can't."""
    try:
        pathlib.Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        return _status("VmRSS")
    except OSError:
        return None


def _status(name):
    for line in pathlib.Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return None


class PeerRunner:
    """A Python library, in this process."""

    def __init__(self, library):
        self.name, self.version, self._warm = library, peers.version(library), False

    def note(self, case):
        return peers.NOTES.get((case.attack, self.name), "")

    def can(self, case):
        return peers.has(self.name, case.attack, case.parameters)

    def _warm_up(self, data):
        """Imports, and the first slow operators, are nobody's attack."""
        if not self._warm:
            x, y, _ = data.part(4)
            if self.name in peers.PEERS["fgsm"]:
                peers.PEERS["fgsm"][self.name](network.Counting(data.net), x.clone(), y, epsilon=0.1)
            else:
                peers.PEERS["pgd"][self.name](
                    network.Counting(data.net),
                    x.clone(),
                    y,
                    norm="linf",
                    epsilon=0.1,
                    steps=2,
                    step_size=0.05,
                    random_start=True,
                )
            self._warm = True

    def run(self, case, data, part, seed):
        self._warm_up(data)
        x, y, _ = part
        model, attack = network.Counting(data.net), peers.PEERS[case.attack][self.name]
        gc.collect()
        peers.seed(seed)
        batches = [(images.clone(), labels.clone()) for images, labels in zip(x.split(BATCH), y.split(BATCH))]
        before, cpu, start = _peak_reset(), time.process_time(), time.perf_counter()
        found = [attack(model, images, labels, **case.parameters) for images, labels in batches]
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
        peak = _status("VmHWM") - before if before is not None else None
        return {
            "seconds": seconds,
            "cpu_seconds": cpu_seconds,
            "forwards": model.forwards,
            "backwards": model.backwards,
            "peak_mib": peak,
            "adversarial": torch.cat([part.detach() for part in found]).float(),
        }


class WhorlRunner:
    """whorl-cli, in a process of its own."""

    def __init__(self, name, program):
        self.name, self.version, self.program = name, program.version, program

    def note(self, case):
        return ""

    def can(self, case):
        return True

    def run(self, case, data, part, seed):
        _, labels, indices = part
        return self.program.run(case, indices, labels.tolist(), seed)


def whorl_runner(name, options, work, arguments=()):
    try:
        program = whorl.Whorl(
            options.cli, options.weights, work, options.data_dir, options.threads, not options.no_tune, arguments
        )
    except whorl.Refused as refused:
        raise SystemExit(str(refused)) from None
    return WhorlRunner(name, program)


def peer_runners(wanted, options):
    """Those of the libraries wanted (None: all; of the results kept, too) that are installed."""
    torch.set_num_threads(options.threads)
    if options.libraries == "none":
        return []
    unknown = sorted(set(wanted or []) - set(peers.PACKAGES))
    if unknown:
        raise SystemExit(f"no library {', '.join(unknown)}; there are {', '.join(peers.PACKAGES)}")
    return [
        PeerRunner(library)
        for library in peers.PACKAGES
        if peers.version(library) and (wanted is None or library in wanted)
    ]


def versions(runners):
    return {"torch": torch.__version__, **{runner.name: runner.version for runner in runners}}


@contextlib.contextmanager
def scratch():
    with tempfile.TemporaryDirectory(prefix="whorl-peers-") as folder:
        yield folder


def exported(case, runner, data, options):
    """E16 the way a user meets it: Whorl's own 8-bit files, loaded again. {successes, still_adversarial, violations}, all
    by plain PyTorch, or the words why there are none."""
    x, y, indices = data.part(min(case.images, options.images or case.images))
    place = {index: i for i, index in enumerate(indices)}
    try:
        with tempfile.TemporaryDirectory(prefix="whorl-images-") as folder:
            said, files = runner.program.export(case, indices, y.tolist(), folder)
            if len(files) != said["images"]:
                return f"{len(files)} files instead of {said['images']}"
            if not files:
                return "no successes to save"
            pixels = [torch.from_numpy(numpy.array(Image.open(file).convert("L"))) for file in files.values()]
    except whorl.Refused as refused:
        return str(refused)
    rows = [place[index] for index in files]
    ball = (case.norm, case.parameters["epsilon"]) if case.ball else None
    score = network.judge(data.net, x[rows], torch.stack(pixels).unsqueeze(1).float() / 255, y[rows], None, ball)
    return {
        "successes": len(files),
        "still_adversarial": score["successes"],
        "violations": score["violations"],
        "said": said,
    }


# ---- Rounds ----------------------------------------------------------------------------------------------------------


def _judged(case, data, part, run, measured):
    """A run over all images of the runner: scores it."""
    x, y, _ = part
    targets = torch.tensor([cases.target_of(label) for label in y.tolist()]) if case.targeted else None
    ball = (case.norm, case.parameters["epsilon"]) if case.ball else None
    score = network.judge(data.net, x, run["adversarial"], y, targets, ball)
    measured.success_rates.append(score["success_rate"])
    measured.violations = max(measured.violations, score["violations"])
    if measured.score is None:
        measured.score, measured.adversarial = score, run["adversarial"]
        measured.forwards, measured.backwards = run["forwards"], run["backwards"]
        measured.peak_mib, measured.claimed, measured.whorl = run["peak_mib"], run.get("claimed"), run.get("whorl")


def _timed(part, run, measured):
    measured.cpu_ms.append(1e3 * run["cpu_seconds"] / len(part[1]))
    measured.time_ms.append(1e3 * run["seconds"] / len(part[1]))


def _outcome(runner, case, data, part, seed, say):
    """A run, or the words why there is none."""
    try:
        run = runner.run(case, data, part, seed)
    except whorl.Refused as refused:
        return str(refused)
    except Exception as error:  # a library's own failure is a result
        say(traceback.format_exc(limit=-2))
        return f"failed: {type(error).__name__}: {error}".splitlines()[0][:200]
    say(f"  {seed} {runner.name}: {len(part[1])} images, {run['seconds']:.2f} s, CPU {run['cpu_seconds']:.2f} s")
    return run


def _earlier(case, runners, data, options, head):
    """Figures that --reuse may take, by name."""
    if not options.reuse:
        return {}
    found = {}
    for runner in runners:
        measured = isinstance(runner, PeerRunner) and kept.read(
            kept.key_of(case, runner, data, options, head), case, runner, options
        )
        if measured:
            found[runner.name] = measured
    return found


def _in_turns(case, runners, data, options, say):
    """Name → Measured or words, of everybody in `runners`."""
    results, slow = {}, set()
    most = min(case.images, options.images or case.images)
    parts = {r.name: data.part(most, case.fewer.get(r.name, 0)) for r in runners}
    timed = {name: tuple(v[: case.timed] if case.timed else v for v in part) for name, part in parts.items()}
    whole = {name: len(timed[name][1]) == len(parts[name][1]) for name in parts}
    active = list(runners)
    for number in range(options.rounds + 1):
        shift = number % len(active) if active else 0
        for runner in active[shift:] + active[:shift]:
            name, first = runner.name, number == 0
            if (name in slow and not first) or (number == options.rounds and whole[name]):
                continue
            part = parts[name] if first else timed[name]
            run = _outcome(runner, case, data, part, number, say)
            if isinstance(run, str):
                results[name] = run
                active = [other for other in active if other is not runner]
                continue
            measured = results.setdefault(name, kept.Measured(asked=len(data.part(most)[1]), images=len(part[1])))
            if first or whole[name]:
                _judged(case, data, part, run, measured)
            if whole[name] or not first:
                _timed(part, run, measured)
                if run["seconds"] > options.patience:
                    slow.add(name)
    return results


def measure(case, runners, data, options, head, say):
    """Runs all who can: a list of (runner, Measured or the reason why not), in the order of `runners`.

    Round 0 takes all images and is judged; it also counts as timed unless the case times fewer images, which then get
    all the timed rounds. Later rounds start with another runner each, and with another seed.
    """
    able = [runner for runner in runners if runner.can(case)]
    results = _earlier(case, able, data, options, head)
    fresh = [runner for runner in able if runner.name not in results]
    results.update(_in_turns(case, fresh, data, options, say))
    for runner in fresh:
        if isinstance(runner, PeerRunner) and isinstance(results[runner.name], kept.Measured):
            kept.write(results[runner.name], kept.key_of(case, runner, data, options, head), case, runner, options)
    return [(runner, results[runner.name]) for runner in able]

# SPDX-License-Identifier: GPL-3.0-or-later
"""What is compared: attacks, settings and numbers of images. Standard library only.

Parameters have Whorl's names and go to every library under its own. `whorl` holds what Whorl alone needs to be told.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Case:
    experiment: str
    name: str
    attack: str  # whorl-cli's name, and the key into peers.PEERS
    parameters: dict
    images: int = 300  # of the interleaved list; those that the network gets wrong are left out
    timed: int = 0  # how many of them the timed rounds use; 0: all
    norm: str = "l2"  # the norm of the table
    ball: bool = False  # whether no image may be farther than epsilon
    pixels: bool = False  # compare sets pixel by pixel
    whorl: dict = dataclasses.field(default_factory=dict)
    plan: tuple = ()  # whorl-cli's options for how it computes, instead of the plan that it measured
    fewer: dict = dataclasses.field(default_factory=dict)  # library → images, for the very slow ones

    @property
    def key(self):
        """A name for files."""
        return self.experiment + "-" + "".join(c if c.isalnum() or c == "." else "-" for c in self.name).strip("-")

    @property
    def targeted(self):
        return bool(self.parameters.get("targeted"))


# Another layout or batch sums in another order, which turns a few signs: pixels are compared under the peers' own.
_PEERS_PLAN = ("--layout", "contiguous", "--batch-size", "100")


def _linf(epsilon, random_start):
    return {"norm": "linf", "epsilon": epsilon, "steps": 40, "step_size": epsilon / 30, "random_start": random_start}


def _fgsm(epsilon):
    return Case(
        "E1", f"FGSM {epsilon}", "fgsm", {"epsilon": epsilon}, norm="linf", ball=True, pixels=True, plan=_PEERS_PLAN
    )


def _bim(epsilon):
    # All steps, no early leaving: the same arithmetic, so the same pixels.
    parameters = {"epsilon": epsilon, "steps": 40, "step_size": epsilon / 30}
    return Case(
        "E1",
        f"BIM-40 {epsilon}",
        "bim",
        parameters,
        norm="linf",
        ball=True,
        pixels=True,
        whorl={"stop": "last"},
        plan=_PEERS_PLAN,
    )


def _pgd_linf(epsilon):
    return Case("E2", f"PGD-40 Linf {epsilon}", "pgd", _linf(epsilon, True), norm="linf", ball=True)


# torchattacks, the fastest rival, starts at an even distance from the image; in Madry's ball all starts lie on its surface.
_NEAR_START = {"start_law": "radius"}


def _pgd_l2(epsilon):
    parameters = {"norm": "l2", "epsilon": epsilon, "steps": 40, "step_size": 2.5 * epsilon / 40, "random_start": True}
    return Case("E3", f"PGD-40 L2 {epsilon:g}", "pgd", parameters, norm="l2", ball=True, whorl=_NEAR_START)


def _cw(searches, steps, learning_rate, constant, **more):
    parameters = {
        "search_steps": searches,
        "steps": steps,
        "learning_rate": learning_rate,
        "initial_const": constant,
        "confidence": 0.0,
        "abort_early": True,
    }
    return Case("E4", f"CW-L2 {searches}x{steps}", "cw", parameters, images=100, **more)


CASES = [
    *(_fgsm(epsilon) for epsilon in (0.1, 0.2, 0.3)),
    *(_bim(epsilon) for epsilon in (0.1, 0.2, 0.3)),
    *(_pgd_linf(epsilon) for epsilon in (0.2, 0.3)),
    *(_pgd_l2(epsilon) for epsilon in (1.0, 2.0)),
    _cw(6, 200, 0.05, 0.1, timed=50, fewer={"art": 10}),
    _cw(9, 1000, 0.01, 1e-3, timed=20, fewer={"art": 2}),
    Case("E5", "DDN-100", "ddn", {"steps": 100}, images=100),
    Case("E5", "FMN-100 L2", "fmn", {"norm": "l2", "steps": 100}, images=100),
    Case("E6", "JSMA", "jsma", {"theta": 1.0, "gamma": 0.1, "targeted": True}, images=30, norm="l0"),
    Case(
        "E7",
        "SPSA 0.15",
        "spsa",
        {"epsilon": 0.15, "steps": 20, "pairs": 128, "delta": 0.01, "learning_rate": 0.05},
        images=50,
        timed=20,
        norm="linf",
        ball=True,
    ),
    Case("E8", "DeepFool", "deepfool", {"steps": 50, "overshoot": 0.02}, images=50),
]


def target_of(label, classes=10):
    """The class that targeted cases aim at."""
    return (label + 1) % classes


def by_target(indices, labels):
    """[(target, its indices)], targets ascending: for a program that takes one target a run."""
    found = {}
    for index, label in zip(indices, labels):
        found.setdefault(target_of(label), []).append(index)
    return sorted(found.items())


# E16 is not an attack of its own: what 8-bit files keep of these sets.
EIGHT_BIT = ("PGD-40 Linf 0.2", "PGD-40 L2 2", "CW-L2 6x200", "DDN-100", "DeepFool")
EXPERIMENTS = [*sorted({case.experiment for case in CASES}), "E16"]


def chosen(names):
    """Cases of the experiments, or of the names, given; all for none. E16 alone needs one set of each kind."""
    unknown = sorted(set(names) - set(EXPERIMENTS) - {case.name for case in CASES})
    if unknown:
        raise ValueError(f"no experiment or case {', '.join(unknown)}; there are {', '.join(EXPERIMENTS)}")
    if not names:
        return list(CASES)
    found = [case for case in CASES if case.experiment in names or case.name in names]
    if "E16" in names:
        found += [case for case in CASES if case.name in EIGHT_BIT and case not in found]
    return found

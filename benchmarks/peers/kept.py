# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rounds of one runner in one case gave, and the files in which the peers' figures wait to be used again."""

import dataclasses
import hashlib
import json
import pathlib

import torch
from safetensors.torch import load_file, save_file


@dataclasses.dataclass
class Measured:
    """What the rounds of one runner in one case gave. Times are per image."""

    asked: int  # images of the case
    images: int = 0  # those it really got: fewer for the very slow
    adversarial: torch.Tensor = None  # of the first full run
    score: dict = None  # network.judge() of it
    success_rates: list = dataclasses.field(default_factory=list)  # of all full runs
    violations: int = 0
    forwards: int = 0
    backwards: int = 0
    cpu_ms: list = dataclasses.field(default_factory=list)
    time_ms: list = dataclasses.field(default_factory=list)
    peak_mib: float = None
    claimed: int = None
    whorl: list = None
    reused: bool = False


def key_of(case, runner, data, options, head):
    """All that a peer's figures depend on."""
    said = json.dumps(
        [
            case.parameters,
            case.images,
            case.timed,
            case.fewer,
            options.images,
            options.threads,
            runner.name,
            runner.version,
            head["versions"]["torch"],
            head["weights_sha256"],
            head["machine"],
            data.part(case.images)[2],
        ],
        sort_keys=True,
    )
    return hashlib.sha256(said.encode()).hexdigest()


def _files(case, runner, options):
    folder = pathlib.Path(options.results) / "peers"
    folder.mkdir(exist_ok=True)
    return folder / f"{case.key}-{runner.name}.json", folder / f"{case.key}-{runner.name}.safetensors"


def write(measured, key, case, runner, options):
    described, tensors = _files(case, runner, options)
    plain = {f.name: getattr(measured, f.name) for f in dataclasses.fields(measured) if f.name != "adversarial"}
    save_file({"adversarial": measured.adversarial.contiguous()}, tensors)
    described.write_text(json.dumps({"key": key, **plain}) + "\n", encoding="utf-8")


def read(key, case, runner, options):
    """Earlier figures under the same key, with as many rounds (or of a run beyond patience); None if there are none."""
    described, tensors = _files(case, runner, options)
    if not described.exists() or not tensors.exists():
        return None
    plain = json.loads(described.read_text(encoding="utf-8"))
    if plain.pop("key") != key:
        return None
    measured = Measured(**{**plain, "reused": True}, adversarial=load_file(tensors)["adversarial"])
    images = min(case.timed or measured.images, measured.images)
    enough = len(measured.cpu_ms) >= options.rounds or measured.time_ms[0] * images > 1e3 * options.patience
    return measured if enough else None

# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Whorl as its users do: whorl-cli in a process of its own."""

import json
import os
import pathlib
import subprocess
import sys

import torch
from safetensors.torch import load_file

import cases
import images

NEXT_CLASS = -2  # --target for "the label plus one", where an attack declares that it may be that low


# Runs a command and tells its processor time and peak memory. A process of its own, because a child's peak begins at that
# of whoever started it, and this one holds images and libraries.
_WATCHED = """
import json, os, sys
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as file:
    json.dump({"cpu": usage.ru_utime + usage.ru_stime, "peak_kib": usage.ru_maxrss}, file)
sys.exit(os.waitstatus_to_exitcode(status) & 255)
"""


class Refused(Exception):
    """whorl-cli can't do this (yet): the words for the table."""


class Whorl:
    """whorl-cli with the reference weights imported into a model file of its own."""

    def __init__(self, cli, weights, work, data_dir, threads, tune=True, arguments=()):
        self.cli, self.work, self.threads = str(cli), pathlib.Path(work), threads
        self.data_dir, self.arguments = data_dir, list(arguments)
        if not os.access(cli, os.X_OK):
            sys.exit(f"{cli} is missing: build Whorl first, or give --cli")
        self.model = self.work / "reference.safetensors"
        self.model.unlink(missing_ok=True)
        imported, _ = self._call(
            ["models", "import", str(weights), "--arch", "reference-cnn", "--output", str(self.model)]
        )
        self.model_sha256 = imported["sha256"]
        self.plan = self._tune() if tune else None
        info, _ = self._call(["info"])
        self.version = info["version"]
        listed, _ = self._call(["attacks", "list"])
        self.attacks = {attack["name"]: {p["name"]: p for p in attack["parameters"]} for attack in listed["attacks"]}
        self._start_up = None

    def _call(self, arguments):
        """One command: its JSON object, and {cpu, peak_kib}."""
        result, words, used = self.work / "whorl.json", self.work / "whorl.err", self.work / "whorl.usage"
        result.unlink(missing_ok=True)
        watched = [sys.executable, "-c", _WATCHED, str(used)]
        command = [*watched, self.cli, *arguments, "--json", str(result), "--quiet"]
        environment = {
            **os.environ,
            "XDG_DATA_HOME": str(self.work / "user"),
        }  # a measured plan stays out of the user's
        with open(words, "wb") as errors:
            process = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=errors, env=environment, check=False)
        if process.returncode != 0:
            last = words.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise Refused("".join(last) or f"whorl-cli ended with {process.returncode}")
        usage = json.loads(used.read_text(encoding="utf-8"))
        return json.loads(result.read_text(encoding="utf-8")), usage

    def _tune(self):
        """Lets Whorl measure how it computes fastest with these threads; what it chose, or why it can't."""
        try:
            return self._call(["tune", "--model", str(self.model), "--threads", str(self.threads)])[0]
        except Refused as refused:
            return {"refused": str(refused)}

    def _attack(self, indices, attack, more, seed, save=None):
        listed = self.work / "indices.txt"
        images.write_indices(listed, indices)
        command = [
            "attack",
            "--model",
            str(self.model),
            "--data",
            "mnist",
            "--indices",
            str(listed),
            "--attack",
            attack,
            "--seed",
            str(seed),
            "--threads",
            str(self.threads),
        ]
        if self.data_dir:
            command += ["--data-dir", str(self.data_dir)]
        if save:
            command += ["--save", str(save)]
        return self._call([*command, *more, *self.arguments])

    def _baseline(self, first):
        """CPU seconds and peak memory (KiB) of a run that attacks one image by one step: what every run pays."""
        if self._start_up is None:
            _, usage = self._attack([first], "fgsm", [], 0)
            self._start_up = (usage["cpu"], usage["peak_kib"])
        return self._start_up

    def _parameters(self, case):
        """The case's parameters as options; those that the attack doesn't declare are refused, not dropped."""
        declared = self.attacks.get(case.attack)
        if declared is None:
            raise Refused(f"Whorl has no attack {case.attack}")
        options = []
        for name, value in {**case.parameters, **case.whorl}.items():
            if name not in declared:
                raise Refused(f"Whorl's {case.attack} has no parameter {name}")
            text = str(value).lower() if isinstance(value, bool) else str(value)
            options += ["--" + name.replace("_", "-"), text]
        return options

    def _parts(self, case, indices, labels):
        """Runs that a case takes: (indices, further options). One, unless every class needs a target of its own."""
        if not case.targeted:
            return [(indices, [])]
        if self.attacks[case.attack].get("target", {}).get("minimum", 0) <= NEXT_CLASS:
            return [(indices, ["--target", str(NEXT_CLASS)])]
        return [(part, ["--target", str(target)]) for target, part in cases.by_target(indices, labels)]

    def run(self, case, indices, labels, seed):
        """Attacks the test images `indices`: {seconds, cpu_seconds, forwards, backwards, peak_mib, adversarial, …}.

        `seconds` are the attack's own. `cpu_seconds` too where whorl-cli tells them; else they are those of the process
        less those of a run with one image. Raises Refused.
        """
        options, save = [*self._parameters(case), *case.plan], self.work / "whorl-set.safetensors"
        total = {"seconds": 0.0, "cpu_seconds": 0.0, "forwards": 0, "backwards": 0, "peak_mib": 0.0}
        rows, claimed, results = {}, 0, []
        for part, more in self._parts(case, indices, labels):
            result, usage = self._attack(part, case.attack, [*options, *more], seed, save)
            saved = load_file(save)
            if saved["index"].tolist() != list(part):
                raise Refused(f"whorl-cli attacked other images than the {len(part)} asked for")
            rows.update(zip(part, saved["adversarial"]))
            cpu, peak = self._baseline(indices[0])
            total["seconds"] += result["seconds"]
            total["cpu_seconds"] += result.get("cpu_seconds", max(0.0, usage["cpu"] - cpu))
            total["forwards"] += result["forwards"]
            total["backwards"] += result["backwards"]
            total["peak_mib"] = max(total["peak_mib"], (usage["peak_kib"] - peak) / 1024)
            claimed += result["successes"]
            results.append(
                {name: result[name] for name in ("parameters", "plan", "notes", "nonfinite") if name in result}
            )
        save.unlink(missing_ok=True)
        return {
            **total,
            "adversarial": torch.stack([rows[index] for index in indices]),
            "claimed": claimed,
            "whorl": results,
        }

    def export(self, case, indices, labels, folder):
        """Attacks and writes the successes as 8-bit files: what whorl-cli says of them, and {index: file}."""
        (part, more), *others = self._parts(case, indices, labels)
        if others:
            raise Refused("one target a run")
        options = [*self._parameters(case), *more, "--save-images", str(folder)]
        result, _ = self._attack(part, case.attack, options, 0)
        files = {int(file.name.split("_")[0]): file for file in pathlib.Path(folder).glob("*.png")}
        return result["saved_images"], files

# SPDX-License-Identifier: GPL-3.0-or-later
"""The peers' attacks, one function each, by Whorl's names of attacks and parameters.

A function gets the counting model, images [n,1,28,28] in [0,1], labels [n] and the case's parameters, and returns the
adversarial images as the library hands them back.
"""

import importlib.metadata
import random
import sys
import types
import warnings

import numpy
import torch

PACKAGES = {
    "torchattacks": "torchattacks",
    "foolbox": "foolbox",
    "art": "adversarial-robustness-toolbox",
    "cleverhans": "cleverhans",
    "adv_lib": "adv-lib",
}
PEERS = {}  # attack → library → function
NORMS = {}  # (attack, library) → norms, where not in all
NOTES = {}  # (attack, library) → what to know of it


def peer(attack, library, note="", norms=()):
    """Enters a function into PEERS; `norms`, if the library has the attack in these alone."""

    def register(function):
        PEERS.setdefault(attack, {})[library] = function
        if norms:
            NORMS[attack, library] = norms
        if note:
            NOTES[attack, library] = note
        return function

    return register


def has(library, attack, parameters):
    """Whether the library has this attack, and in this norm."""
    norms = NORMS.get((attack, library))
    return library in PEERS.get(attack, {}) and (norms is None or parameters["norm"] in norms)


def version(library):
    """Of the installed package, None if there is none."""
    try:
        return importlib.metadata.version(PACKAGES[library])
    except importlib.metadata.PackageNotFoundError:
        return None


def seed(number):
    random.seed(number)
    numpy.random.seed(number)
    torch.manual_seed(number)


def _adv_lib():
    """adv_lib.attacks, with empty stand-ins for the plotting and vision packages that it imports and we don't use."""
    for name in ("visdom", "torchvision", "torchvision.models"):
        if name not in sys.modules:
            sys.modules[name] = types.ModuleType(name)
    sys.modules["torchvision"].models = sys.modules["torchvision.models"]
    import adv_lib.attacks

    return adv_lib.attacks


def _torchattacks():
    import torchattacks

    return torchattacks


def _foolbox(attack, model, x, y, epsilon=None):
    """Runs a foolbox attack the way its users do; epsilon None for attacks that look for the smallest norm."""
    import foolbox

    wrapped = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")
    return attack(wrapped, x, foolbox.criteria.Misclassification(y), epsilons=epsilon)[1]


def _foolbox_attacks():
    import foolbox.attacks

    return foolbox.attacks


def _art(make, model, x, y):
    """Runs an ART attack, whose images are NumPy arrays."""
    from art.estimators.classification import PyTorchClassifier

    wrapped = PyTorchClassifier(
        model=model,
        loss=torch.nn.CrossEntropyLoss(),
        input_shape=tuple(x.shape[1:]),
        nb_classes=10,
        clip_values=(0.0, 1.0),
        device_type="cpu",
    )
    return torch.from_numpy(make(wrapped).generate(x.numpy(), y.numpy()))


def _art_attacks():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of frameworks that aren't installed
        import art.attacks.evasion

    return art.attacks.evasion


# ---- FGSM, BIM -------------------------------------------------------------------------------------------------------


@peer("fgsm", "torchattacks")
def _(model, x, y, epsilon):
    return _torchattacks().FGSM(model, eps=epsilon)(x, y)


@peer("fgsm", "foolbox")
def _(model, x, y, epsilon):
    return _foolbox(_foolbox_attacks().LinfFastGradientAttack(), model, x, y, epsilon)


@peer("fgsm", "art")
def _(model, x, y, epsilon):
    attacks = _art_attacks()
    return _art(lambda wrapped: attacks.FastGradientMethod(wrapped, eps=epsilon, batch_size=len(x)), model, x, y)


@peer("fgsm", "cleverhans")
def _(model, x, y, epsilon):
    from cleverhans.torch.attacks.fast_gradient_method import fast_gradient_method

    return fast_gradient_method(model, x, epsilon, numpy.inf, clip_min=0.0, clip_max=1.0, y=y)


@peer("bim", "torchattacks")
def _(model, x, y, epsilon, steps, step_size):
    return _torchattacks().BIM(model, eps=epsilon, alpha=step_size, steps=steps)(x, y)


@peer("bim", "foolbox")
def _(model, x, y, epsilon, steps, step_size):
    attack = _foolbox_attacks().LinfBasicIterativeAttack(abs_stepsize=step_size, steps=steps, random_start=False)
    return _foolbox(attack, model, x, y, epsilon)


@peer("bim", "art")
def _(model, x, y, epsilon, steps, step_size):
    make = _art_attacks().BasicIterativeMethod
    return _art(
        lambda wrapped: make(
            wrapped, eps=epsilon, eps_step=step_size, max_iter=steps, batch_size=len(x), verbose=False
        ),
        model,
        x,
        y,
    )


@peer("bim", "cleverhans")
def _(model, x, y, epsilon, steps, step_size):
    return _cleverhans_pgd(model, x, y, numpy.inf, epsilon, steps, step_size, False)


# ---- PGD -------------------------------------------------------------------------------------------------------------


def _cleverhans_pgd(model, x, y, norm, epsilon, steps, step_size, random_start):
    from cleverhans.torch.attacks.projected_gradient_descent import projected_gradient_descent

    return projected_gradient_descent(
        model, x, epsilon, step_size, steps, norm, clip_min=0.0, clip_max=1.0, y=y, rand_init=random_start
    )


@peer("pgd", "torchattacks")
def _(model, x, y, norm, epsilon, steps, step_size, random_start):
    attack = _torchattacks().PGD if norm == "linf" else _torchattacks().PGDL2
    return attack(model, eps=epsilon, alpha=step_size, steps=steps, random_start=random_start)(x, y)


@peer("pgd", "foolbox")
def _(model, x, y, norm, epsilon, steps, step_size, random_start):
    attacks = _foolbox_attacks()
    attack = attacks.LinfPGD if norm == "linf" else attacks.L2PGD
    return _foolbox(attack(abs_stepsize=step_size, steps=steps, random_start=random_start), model, x, y, epsilon)


@peer("pgd", "art")
def _(model, x, y, norm, epsilon, steps, step_size, random_start):
    make = _art_attacks().ProjectedGradientDescent
    return _art(
        lambda wrapped: make(
            wrapped,
            norm=numpy.inf if norm == "linf" else 2,
            eps=epsilon,
            eps_step=step_size,
            max_iter=steps,
            num_random_init=int(random_start),
            batch_size=len(x),
            verbose=False,
        ),
        model,
        x,
        y,
    )


@peer("pgd", "cleverhans")
def _(model, x, y, norm, epsilon, steps, step_size, random_start):
    return _cleverhans_pgd(model, x, y, numpy.inf if norm == "linf" else 2, epsilon, steps, step_size, random_start)


@peer("pgd", "adv_lib", "keeps the last step that fooled", norms=("linf",))
def _(model, x, y, norm, epsilon, steps, step_size, random_start):
    return _adv_lib().pgd_linf(
        model, x, y, epsilon, steps=steps, random_init=random_start, absolute_step_size=step_size
    )


# ---- Smallest norms --------------------------------------------------------------------------------------------------


@peer(
    "cw",
    "torchattacks",
    "has no search for the constant: one search with c = 10; never moves pixels that are exactly 0 or 1",
)
def _(model, x, y, search_steps, steps, learning_rate, initial_const, confidence, abort_early):
    return _torchattacks().CW(model, c=10, kappa=confidence, steps=steps, lr=learning_rate)(x, y)


@peer("cw", "foolbox")
def _(model, x, y, search_steps, steps, learning_rate, initial_const, confidence, abort_early):
    attack = _foolbox_attacks().L2CarliniWagnerAttack(
        binary_search_steps=search_steps,
        steps=steps,
        stepsize=learning_rate,
        confidence=confidence,
        initial_const=initial_const,
        abort_early=abort_early,
    )
    return _foolbox(attack, model, x, y)


@peer("cw", "art", "halves and doubles the step inside each step; background pixels stay frozen")
def _(model, x, y, search_steps, steps, learning_rate, initial_const, confidence, abort_early):
    make = _art_attacks().CarliniL2Method
    return _art(
        lambda wrapped: make(
            wrapped,
            confidence=confidence,
            learning_rate=learning_rate,
            binary_search_steps=search_steps,
            max_iter=steps,
            initial_const=initial_const,
            batch_size=len(x),
            verbose=False,
        ),
        model,
        x,
        y,
    )


@peer("cw", "cleverhans", "doesn't stop early")
def _(model, x, y, search_steps, steps, learning_rate, initial_const, confidence, abort_early):
    from cleverhans.torch.attacks.carlini_wagner_l2 import carlini_wagner_l2

    return carlini_wagner_l2(
        model,
        x,
        10,
        y=y,
        lr=learning_rate,
        confidence=confidence,
        initial_const=initial_const,
        binary_search_steps=search_steps,
        max_iterations=steps,
    )


@peer("cw", "adv_lib")
def _(model, x, y, search_steps, steps, learning_rate, initial_const, confidence, abort_early):
    return _adv_lib().carlini_wagner_l2(
        model,
        x,
        y,
        confidence=confidence,
        learning_rate=learning_rate,
        initial_const=initial_const,
        binary_search_steps=search_steps,
        max_iterations=steps,
        abort_early=abort_early,
    )


@peer("ddn", "foolbox")
def _(model, x, y, steps):
    return _foolbox(_foolbox_attacks().DDNAttack(init_epsilon=1.0, steps=steps, gamma=0.05), model, x, y)


@peer("ddn", "adv_lib", "run without its rounding to 256 levels")
def _(model, x, y, steps):
    return _adv_lib().ddn(model, x, y, steps=steps, init_norm=1.0, levels=None)


@peer("fmn", "foolbox")
def _(model, x, y, norm, steps):
    return _foolbox(_foolbox_attacks().L2FMNAttack(steps=steps, max_stepsize=1.0, gamma=0.05), model, x, y)


@peer("fmn", "adv_lib")
def _(model, x, y, norm, steps):
    return _adv_lib().fmn(model, x, y, norm=2, steps=steps)


@peer("deepfool", "torchattacks", "one image at a time; stalls on clipped pixels")
def _(model, x, y, steps, overshoot):
    return _torchattacks().DeepFool(model, steps=steps, overshoot=overshoot)(x, y)


@peer("deepfool", "foolbox")
def _(model, x, y, steps, overshoot):
    attack = _foolbox_attacks().L2DeepFoolAttack(steps=steps, candidates=10, overshoot=overshoot, loss="logits")
    return _foolbox(attack, model, x, y)


@peer("deepfool", "art")
def _(model, x, y, steps, overshoot):
    make = _art_attacks().DeepFool
    return _art(
        lambda wrapped: make(wrapped, max_iter=steps, epsilon=overshoot, nb_grads=10, batch_size=len(x), verbose=False),
        model,
        x,
        y,
    )


@peer("deepfool", "adv_lib")
def _(model, x, y, steps, overshoot):
    return _adv_lib().df(model, x, y, steps=steps, overshoot=overshoot)


# ---- JSMA, SPSA ------------------------------------------------------------------------------------------------------


@peer("jsma", "torchattacks", "the paper's pair map, one image at a time")
def _(model, x, y, theta, gamma, targeted):
    return _torchattacks().JSMA(model, theta=theta, gamma=gamma)(x, y)  # its target is (y + 1) % 10


@peer("jsma", "art", "ranks by the target's gradient alone, not by the paper's map")
def _(model, x, y, theta, gamma, targeted):
    make = _art_attacks().SaliencyMapMethod
    return _art(
        lambda wrapped: make(wrapped, theta=theta, gamma=gamma, batch_size=len(x), verbose=False),
        model,
        x,
        (y + 1) % 10,
    )


@peer("spsa", "torchattacks", "starts at the clean image")
def _(model, x, y, epsilon, steps, pairs, delta, learning_rate):
    attack = _torchattacks().SPSA(model, eps=epsilon, delta=delta, lr=learning_rate, nb_iter=steps, nb_sample=pairs)
    return attack(x, y)


@peer("spsa", "cleverhans", "estimates the gradient at 2x, never at the current point")
def _(model, x, y, epsilon, steps, pairs, delta, learning_rate):
    from cleverhans.torch.attacks.spsa import spsa

    return spsa(
        model,
        x,
        epsilon,
        steps,
        clip_min=0.0,
        clip_max=1.0,
        y=y,
        learning_rate=learning_rate,
        delta=delta,
        spsa_samples=pairs,
    )

"""Which NeuronCore generation a kernel is recorded for."""

import os

from kiln import _core

NAMES = tuple(_core.enum_names["nc_version"])  # gen2, gen3, gen4
DEFAULT = "trn2"

# Set by the command line; comes before the environment.
override = None


def index(declared=None):
    """The target of the kernel being recorded, or of the next call of one that declares its own.

    In order: the command line, NKI_NC_VERSION, NEURON_PLATFORM_TARGET_OVERRIDE, what the kernel's
    decorator declares, trn2.
    Raises ValueError for a name that is no target.
    """
    if _core.is_recording():
        return _core.recording_target()
    sources = [
        ("--target", override),
        ("NKI_NC_VERSION", os.environ.get("NKI_NC_VERSION")),
        ("NEURON_PLATFORM_TARGET_OVERRIDE", os.environ.get("NEURON_PLATFORM_TARGET_OVERRIDE")),
        ("nki.jit(platform_target=…)", declared),
    ]
    for source, name in sources:
        if name:
            return find(name, source)
    return find(DEFAULT, "default")


def find(name, source):
    found = _core.find_generation(name)
    if found is None:
        known = ", ".join(f"{m['instance']} ({m['generation']})" for m in machines())
        raise ValueError(f"{source}: {name!r} is no target; there are {known}")
    return found


def machines():
    return [_core.machine(i) for i in range(len(NAMES))]


def instance(target):
    """ "trn2" for gen3, and so on."""
    return _core.machine(target)["instance"]

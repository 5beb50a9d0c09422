"""How NKI releases differ in Kiln, from the definitions: fields of instructions that a release
decides, and the adapters of the beta 2 dialect."""

from kiln import _core


def differences():
    """Dicts with instruction, field, doc, and the value in each release ("0.3", "0.6")."""
    return list(_core.by_release)


def fresh_integers():
    """{release: what integers that were never written hold}."""
    releases = _core.enum_names["compat"]
    return {release: _core.fresh_integer(index) for index, release in enumerate(releases)}


def beta2_differences():
    """[(function, what was different)] of the calls that the beta 2 dialect adapts."""
    from kiln.nki import _beta2

    return sorted((name, adapter.__doc__) for name, adapter in _beta2.ADAPTERS.items())


def page():
    """docs/compatibility.md."""
    return "\n".join([*_INTRODUCTION, *_release_table(), *_beta2_table()]) + "\n"


_INTRODUCTION = """\
# Compatibility with NKI releases

Written by `kiln api --markdown`; do not edit. `kiln api --releases` prints the tables.

Kiln records kernels as NKI 0.6 means them, unless something else is chosen. In this order:

1. `--compat` of `kiln run` and `kiln text`;
2. `nki.simulate(kernel, compat=…)` and `nki.jit(compat=…)`;
3. the environment variable `KILN_COMPAT`;
4. the kernel's code: one that uses the names of NKI beta 2 is of that dialect.

The choices are `0.3`, `0.6` and `beta2`. `kiln.provenance()` says which it was and who made it. A
kernel that another calls is recorded like the other one; if it declares something else, that is an
error.""".splitlines()


def _release_table():
    lines = [
        *("", "## What instructions mean", ""),
        "What a release decides is written in the text form of a program.",
        "",
        "| instruction | field | 0.3 | 0.6 | meaning |",
        "|---|---|---|---|---|",
    ]
    rows = [
        f"| `{d['instruction']}` | `{d['field']}` | {d['0.3']} | {d['0.6']} | {d['doc']} |"
        for d in differences()
    ]
    return [*lines, *rows, *_fresh_integers()]


def _fresh_integers():
    values = fresh_integers().items()
    return [
        "",
        "Integers that were never written hold "
        + ", ".join(f"{value} in {release}" for release, value in values)
        + "; a program's text does not say it.",
    ]


def _beta2_table():
    lines = [
        *("", "## The dialect of NKI beta 2", ""),
        "NKI 0.2. Its instructions mean what they do in 0.3. Every kernel, and every function that",
        "it calls, can name the memories `sbuf`, `psum` and `hbm`: `sbuf.view(dtype, shape)` is",
        "`nl.ndarray(shape, dtype, buffer=nl.sbuf)`, `hbm.view` is in shared HBM, and",
        "`sbuf[0:32, 0:512]` is a region of 32 partitions and 512 bytes of each, which has `view`",
        "and `ptr`. These calls differ from today's:",
        "",
        "| function | in beta 2 |",
        "|---|---|",
    ]
    return lines + [f"| `{name}` | {doc} |" for name, doc in beta2_differences()]

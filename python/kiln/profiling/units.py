"""Numbers for people."""


def time(ns):
    """3 significant digits: "812 ns", "44.1 us", "28.2 ms"."""
    for unit, factor in (("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9)):
        if ns < 999.5 * factor or unit == "s":
            value = ns / factor
            return f"{value:.0f} {unit}" if unit == "ns" else f"{value:.3g} {unit}"
    return ""


def size(count):
    """ "512 B", "4.19 MB"."""
    for unit, factor in (("B", 1), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12)):
        if count < 999.5 * factor or unit == "TB":
            return f"{count / factor:.3g} {unit}"
    return ""


def percent(share):
    return f"{100 * share:.1f} %"

"""kiln api: how much of NKI's public interface there is."""

import collections
import dataclasses
import json
import pathlib

from kiln import _files, api
from kiln.api import releases, sources
from kiln.cli.errors import UsageError, shown

PAGE = "docs/reference/api.md"
RELEASES_PAGE = "docs/compatibility.md"
_TESTS_SHOWN = 2
_SHORT = {"nl.": "nki.language.", "nisa.": "nki.isa.", "ncc.": "nki.collectives."}


def add_parser(commands):
    parser = commands.add_parser(
        "api",
        help="list NKI's public names: what is implemented, where, tested by what",
        description="Lists every public name of NKI with its status on each generation, where it "
        "is implemented and how many test files exercise it.",
    )
    parser.add_argument("prefix", nargs="?", default="", help="nki.isa, nl.load, dma_, …")
    parser.add_argument("--missing", action="store_true", help="only what is not implemented")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--releases", action="store_true", help="how NKI releases differ, instead of names"
    )
    parser.add_argument(
        "--markdown", action="store_true", help=f"write the checkout's {PAGE} and {RELEASES_PAGE}"
    )
    parser.set_defaults(action=shown(action))


def action(options):
    if options.markdown:
        return _write_pages(options)
    if options.releases:
        return _list_releases(options)
    rows = [row for row in api.coverage() if _chosen(row, options)]
    if not rows and not options.missing:
        raise UsageError(f"NKI has no public name that starts with {options.prefix!r}")
    if options.json:
        print(json.dumps([dataclasses.asdict(row) for row in rows], indent=2))
    else:
        _print(rows)
    return 0


def _chosen(row, options):
    if options.missing and row.status == api.IMPLEMENTED:
        return False
    prefix = options.prefix
    for short, whole in _SHORT.items():
        if prefix.startswith(short):
            prefix = whole + prefix.removeprefix(short)
    own = row.name.removeprefix(row.member_of + ".") if row.member_of else row.name.split(".")[-1]
    return row.name.startswith(prefix) or own.startswith(prefix)


def _print(rows):
    width = max((len(row.name) for row in rows), default=0)
    generations = list(rows[0].generations) if rows else []
    print(f"{'name':<{width}}  {'status':<11}  {'  '.join(generations)}  tests  where")
    for row in rows:
        marks = "  ".join(f"{_mark(row.generations[g]):<4}" for g in generations)
        where = row.where or ""
        if row.missing:
            where += f"  (no {', '.join(row.missing)})"
        line = f"{row.name:<{width}}  {row.status:<11}  {marks}  {len(row.tests):>5}  {where}"
        print(line.rstrip())
    print()
    print(summary(rows))


def _mark(status):
    return {api.IMPLEMENTED: "yes", api.PARTIAL: "part", api.MISSING: "no"}.get(status, "-")


def summary(rows):
    """ "67 names of NKI 0.6.0: 60 implemented, 7 missing"; members are not counted."""
    names = [row for row in rows if row.member_of is None]
    counts = collections.Counter(row.status for row in names)
    parts = [f"{counts[s]} {s}" for s in (api.IMPLEMENTED, api.PARTIAL, api.MISSING) if counts[s]]
    return f"{len(names)} names of NKI {api.public_names()['nki_version']}: {', '.join(parts)}"


def page(rows):
    """The reference page. It names files without lines, so that it changes only with them."""
    data = api.public_names()
    generations = list(rows[0].generations)
    lines = [
        "# NKI's public names",
        "",
        "Written by `kiln api --markdown`; do not edit.",
        f"The names are those of NKI {data['nki_version']} ({data['source']}).",
        "`-`: the generation does not have it.",
    ]
    for module in ("nki", "nki.isa", "nki.language", "nki.collectives"):
        inside = [row for row in rows if _module(row) == module]
        lines += ["", f"## {module}", "", f"{summary(inside)}.", ""]
        lines.append(f"| name | {' | '.join(generations)} | implemented in | tests |")
        lines.append(f"|---|{'---|' * len(generations)}---|---|")
        for row in inside:
            marks = " | ".join(_mark(row.generations[g]) for g in generations)
            lines.append(f"| {_title(row, module)} | {marks} | {_place(row)} | {_tests(row)} |")
    return "\n".join(lines) + "\n"


def _module(row):
    return (row.member_of or row.name).rpartition(".")[0]


def _title(row, module):
    title = f"`{row.name.removeprefix(module + '.')}`"
    return f"{title} (without {', '.join(row.missing)})" if row.missing else title


def _place(row):
    return row.where.partition(":")[0] if row.where else ""


def _tests(row):
    """Some of the tests, and whether there are more; not how many, which every new test changes."""
    goldens_first = sorted(row.tests, key=lambda test: not test.startswith("tests/golden/"))
    names = [pathlib.PurePath(test).name for test in goldens_first]
    return ", ".join(names[:_TESTS_SHOWN]) + (" and more" if len(names) > _TESTS_SHOWN else "")


def _list_releases(options):
    found = releases.differences()
    beta2 = releases.beta2_differences()
    if options.json:
        fresh = releases.fresh_integers()
        listed = {"by_release": found, "fresh_integers": fresh, "beta2": dict(beta2)}
        print(json.dumps(listed, indent=2))
        return 0
    for d in found:
        values = f"0.3: {d['0.3']:<8} 0.6: {d['0.6']:<8}"
        print(f"{d['instruction']:<20} {d['field']:<16} {values} {d['doc']}")
    values = "  ".join(f"{r}: {v:<7}" for r, v in releases.fresh_integers().items())
    print(f"{'memory':<20} {'fresh integers':<16} {values} what was never written")
    for name, doc in beta2:
        print(f"{name:<20} {'':<16} beta2: {doc}")
    return 0


def _write_pages(options):
    if options.prefix or options.missing or options.json or options.releases:
        raise UsageError("--markdown writes whole pages; it takes no other option")
    root = sources.checkout()
    if root is None:
        raise UsageError("--markdown needs a checkout of Kiln")
    for name, text in ((PAGE, page(api.coverage())), (RELEASES_PAGE, releases.page())):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        _files.write_text(root / name, text)
        print(f"wrote {name}")
    return 0

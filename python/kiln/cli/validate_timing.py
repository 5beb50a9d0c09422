"""kiln validate-timing: holds the timing model against published measurements."""

import json
import pathlib
import sys

from kiln.cli.errors import UsageError, shown
from kiln.cli.progress import Line


def add_parser(commands):
    parser = commands.add_parser(
        "validate-timing",
        help="hold the timing model against published measurements on devices",
        description="Models a program for each published measurement that can be rebuilt, and "
        "prints measured, predicted and error.",
    )
    parser.add_argument(
        "rows", nargs="*", metavar="ROW", help="numbers of rows, or trn1, trn2, fit, test; else all"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list of rows")
    parser.add_argument(
        "--update",
        metavar="FILE.md",
        help="write the page there (docs/timing_accuracy.md), and the error bars of kiln profile",
    )
    parser.set_defaults(action=shown(action))


def action(options):
    from kiln import timing_validation
    from kiln.timing_validation import comparison, report

    if options.update and options.rows:
        raise UsageError("--update needs all rows")
    known = {str(case.id) for case in timing_validation.cases()}
    kinds = {"trn1", "trn2", "trn3", "fit", "test"}
    for row in options.rows:
        if row not in known | kinds:
            raise UsageError(
                f"{row} is no row of the table, and none of {', '.join(sorted(kinds))}"
            )
    wanted = set(options.rows)

    def chosen(case):
        names = {str(case.id), case.generation, case.split}
        return not wanted or bool(wanted & {str(case.id)}) or _all_kinds(wanted & kinds, names)

    with Line() as line:
        rows = []
        for row in comparison.rows(chosen, lambda n, total, _: line.show(f"{n} of {total} rows")):
            rows.append(row)
            if not options.json:
                line.clear()
                print(report.row_line(row))
    if options.json:
        print(json.dumps(report.as_json(rows), indent=2))
    else:
        print("\n".join(["", *report.summary_lines(rows)]))
    if options.update:
        pathlib.Path(options.update).write_text(report.page(rows, timing_validation.cases()))
        report.write_error_bars(rows)
        print(f"{options.update} written", file=sys.stderr)
    return 0


def _all_kinds(asked, names):
    """Whether all that was asked for is so: trn2 and test means both."""
    return bool(asked) and asked <= names

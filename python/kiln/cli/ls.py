"""kiln ls: the targets and their figures."""

import json

from kiln import _target
from kiln.cli.errors import UsageError, shown


def add_parser(commands):
    parser = commands.add_parser("ls", help="list the targets and their figures, with sources")
    parser.add_argument("target", nargs="?", help="only this one")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(action=shown(action))


def action(options):
    machines = _target.machines()
    if options.target:
        try:
            machines = [machines[_target.find(options.target, "kiln ls")]]
        except ValueError as error:
            raise UsageError(str(error)) from None
    if options.json:
        print(json.dumps(machines, indent=2))
        return 0
    for machine in machines:
        _print(machine)
    return 0


def _print(machine):
    print(f"{machine['instance']}  {machine['core']}, {machine['generation']}", end="")
    print(f"  (also: {machine['aliases']})" if machine["aliases"] else "")
    group = None
    for fact in machine["facts"]:
        if fact["group"] != group:
            group = fact["group"]
            print(f"  {group}")
        value = f"{fact['value']} {fact['unit']}".strip()
        evidence = "" if fact["evidence"] == "documented" else f"{fact['evidence']}: "
        print(f"    {fact['name']:<38} {value:<22} {evidence}{fact['source']}")
    print()

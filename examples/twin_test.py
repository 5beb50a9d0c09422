#!/usr/bin/env python3
"""Checks that a C++ example and its Python twin record the same program and give the same bits.

usage: twin_test.py <C++ example> <FILE.py>, where the kernel is named like the file.
"""

import difflib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

INPUT = re.compile(r'^storage %\d+ "(\w+)" \w+ (\w+) \[([\d, ]+)\] input$', re.MULTILINE)


def output_of(*command):
    command = [str(word) for word in command]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main(example, path):
    cpp = output_of(example, "--text")
    arguments = []
    for name, dtype, shape in INPUT.findall(cpp):
        arguments += ["--arg", f"{name}=randn:{shape.replace(', ', 'x')}:{dtype}"]
    kiln = (sys.executable, "-m", "kiln")
    kernel = f"{path}:{pathlib.Path(path).stem}"
    python = output_of(*kiln, "text", kernel, "--no-locations", *arguments)
    if python != cpp:
        lines = difflib.unified_diff(cpp.splitlines(), python.splitlines(), "C++", "Python", n=1)
        sys.exit("the programs differ:\n" + "\n".join(list(lines)[:40]))
    print(f"the same program, {len(cpp.splitlines())} lines of text")
    with tempfile.TemporaryDirectory() as folder:
        recorded = pathlib.Path(folder, "cpp.kiln")
        recorded.write_text(cpp)
        saved = {}
        for twin in (recorded, kernel):
            out = pathlib.Path(folder, "out")
            output_of(*kiln, "run", twin, *arguments, "--out", out)
            saved[twin] = next(out.iterdir()).read_bytes()
            shutil.rmtree(out)
    if saved[recorded] != saved[kernel]:
        sys.exit("the results differ")
    print("the same bits")
    subprocess.run([*kiln, "run", path], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Runs the functions test_... of the modules test_... of a package, and says how each went."""

import importlib
import pathlib
import sys
import time
import traceback


def table(rows):
    """A test that is run once for each row; a row is what the function gets after the world."""

    def mark(function):
        function.rows = rows
        return function

    return mark


def collect(package):
    folder = pathlib.Path(importlib.import_module(package).__file__).parent
    for path in sorted(folder.glob("test_*.py")):
        module = importlib.import_module(f".{path.stem}", package)
        functions = [
            each
            for name, each in vars(module).items()
            if name.startswith("test_") and callable(each)
        ]
        for function in functions:
            short = f"{path.stem.removeprefix('test_')}.{function.__name__.removeprefix('test_')}"
            for row in getattr(function, "rows", [()]):
                # Long rows hold bodies or headers; the first words are the name.
                label = ", ".join(str(part) for part in row if isinstance(part, (str, int)))
                yield (f"{short} [{label}]" if label else short), function, row


def run(world, filters, package):
    failed, count, begun = [], 0, time.monotonic()
    for name, function, row in collect(package):
        if filters and not any(each in name for each in filters):
            continue
        count, since = count + 1, time.monotonic()
        try:
            function(world, *row)
            took = time.monotonic() - since
            print(f"ok    {name}{f' ({took:.0f} s)' if took > 5 else ''}", flush=True)
        except Exception:
            failed.append(name)
            print(f"FAIL  {name}\n{traceback.format_exc()}", flush=True)
    print(f"\n{count - len(failed)} of {count} passed in {time.monotonic() - begun:.0f} s")
    for name in failed:
        print(f"FAIL  {name}")
    if failed:
        world.show_logs(sys.stderr)
    # Running nothing is a mistake of the filter, not a success.
    return 0 if count and not failed else 1


def main(make_world, package, run=run):
    """Runs what the command line names in a world of its own, and ends with the status."""
    world = make_world()
    try:
        status = run(world, sys.argv[1:], package)
    finally:
        world.close()
    sys.exit(status)

"""Memory and processor time of every part, and the tables of a run."""

import csv
import os
import pathlib

SHOWN = [("50%", "p50"), ("95%", "p95"), ("99%", "p99"), ("100%", "most")]


def family(pid):
    """A process and all that it started."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += family(int(child))
    return found


def postmaster(url):
    """The process of the server at this address."""
    port = url.rsplit(":", 1)[1].partition("/")[0]
    for path in pathlib.Path("/tmp").glob("gatehall-postgres.*/data/postmaster.pid"):
        lines = path.read_text().splitlines()
        if lines[3] == port:
            return int(lines[0])
    raise RuntimeError("the database is not one of this machine")


def memory(pid):
    """Megabytes, with the part that is shared with others counted once among them."""
    total = 0
    for each in family(pid):
        try:
            lines = pathlib.Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
        except (OSError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def processor(pid):
    """Seconds of processor time so far."""
    total = 0
    for each in family(pid):
        try:
            fields = pathlib.Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except (OSError, ProcessLookupError):
            continue
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


class Parts:
    """What runs, watched."""

    def __init__(self, pids):
        self.pids = pids
        self.before = {name: memory(pid) for name, pid in pids.items()}
        self.most = dict(self.before)
        self.began = {name: processor(pid) for name, pid in pids.items()}

    def look(self):
        for name, pid in self.pids.items():
            self.most[name] = max(self.most[name], memory(pid))

    def table(self, seconds):
        yield "| part | MB before | MB at most | processors |"
        yield "|---|---|---|---|"
        for name, pid in self.pids.items():
            share = (processor(pid) - self.began[name]) / seconds
            yield f"| {name} | {self.before[name]:.0f} | {self.most[name]:.0f} | {share:.2f} |"


def steps(path):
    """The table of a run, and how many requests it had and how many failed."""
    rows = list(csv.DictReader(path.open()))
    lines = [
        "| step | requests | errors | per second |" + "".join(f" {it} ms |" for _, it in SHOWN)
    ]
    lines.append("|---" * (4 + len(SHOWN)) + "|")
    for row in sorted(rows, key=lambda row: (row["Name"] == "Aggregated", row["Name"])):
        name = "all" if row["Name"] == "Aggregated" else row["Name"]
        cells = [
            name,
            row["Request Count"],
            row["Failure Count"],
            f"{float(row['Requests/s']):.1f}",
        ]
        lines.append("| " + " | ".join(cells + [row[it] for it, _ in SHOWN]) + " |")
    everything = next(row for row in rows if row["Name"] == "Aggregated")
    return lines, int(everything["Request Count"]), int(everything["Failure Count"])

"""A stdio server that tries what it should not be able to do, and says how that went.

Started with an argument it tries once, and prints what came of it.
"""

import ctypes
import errno
import json
import os
import resource
import signal
import sys

PARENT = os.getppid()


def closed(path):
    with open(path, "rb") as file:
        file.read(16)


def written(path):
    with open(path, "ab"):
        pass


def traced(pid):
    libc = ctypes.CDLL(None, use_errno=True)
    seize = 0x4206
    if libc.ptrace(seize, int(pid), None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    libc.ptrace(17, int(pid), None, None)


WAYS = {
    "read": closed,
    "write": written,
    "list": os.listdir,
    "follow": os.readlink,
    "signal": lambda pid: os.kill(int(pid), 0),
    "trace": traced,
}


def attempt(way, target):
    try:
        WAYS[way](target.replace("PARENT", str(PARENT)))
        return "open"
    except OSError as error:
        # There is nothing at the beginning of a memory, but whoever hears that is in.
        return "open" if error.errno == errno.EIO else errno.errorcode[error.errno]


def descriptors():
    found = [int(name) for name in os.listdir("/proc/self/fd")]
    # The one that lists them is closed by now.
    return [number for number in found if number > 2 and os.path.exists(f"/proc/self/fd/{number}")]


def myself():
    lines = open("/proc/self/status").read().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    return {
        "pid": os.getpid(),
        "uids": os.getresuid(),
        "gids": os.getresgid(),
        "groups": os.getgroups(),
        "capabilities": [int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")],
        "no_new_privileges": status["NoNewPrivs"].strip() == "1",
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "descriptors": descriptors(),
        "environment": dict(os.environ),
        "folder": os.getcwd(),
    }


def call(arguments):
    for path in arguments.get("leave", []):
        with open(path, "w") as file:
            file.write("left")
    tried = {f"{way} {target}": attempt(way, target) for way, target in arguments.get("try", [])}
    return {"tried": tried, "myself": myself()}


def answer(method, params):
    if method == "initialize":
        return {
            "protocolVersion": "2025-11-25",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "probe", "version": "1"},
        }
    if method == "tools/list":
        return {"tools": [{"name": "probe", "inputSchema": {"type": "object"}}]}
    if method == "tools/call":
        said = call(params.get("arguments", {}))
        return {"content": [{"type": "text", "text": json.dumps(said)}]}
    return {}


if len(sys.argv) > 1 and sys.argv[1] != "stubborn":
    print(json.dumps(call(json.loads(sys.argv[1]))))
    sys.exit()
if len(sys.argv) > 1:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        signal.pause()
for line in sys.stdin:
    message = json.loads(line)
    if message.get("method") == "server/discover":
        said = {"error": {"code": -32601, "message": "Method not found"}}
    elif "id" in message:
        said = {"result": answer(message["method"], message.get("params", {}))}
    else:
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **said}), flush=True)
while len(sys.argv) > 1:
    signal.pause()

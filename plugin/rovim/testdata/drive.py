"""drive.py ACCOUNT [METHOD [ARGUMENTS]]: call the connector as RO does.

ACCOUNT and ARGUMENTS are JSON: the parameters of the constructor and those of the
method, by name. Without a METHOD the calls are read from standard input, one a line:
{"method": ..., "arguments": {...}}. Each answer is a line of JSON, {"result": ...} or
{"error": CLASS, "code": HTTP_CODE, "text": ...}.

The connector is loaded by its entry point, as RO loads it. PYTHONPATH leads to it,
and to osm_ro_plugin.
"""

import importlib.metadata
import inspect
import json
import sys

sys.path.append(sys.path.pop(0))  # the double lies beside this file, and comes last

from osm_ro_plugin import vimconn  # noqa: E402


def load():
    """Load the connector by its entry point."""
    found = importlib.metadata.entry_points()
    if hasattr(found, "select"):
        group = list(found.select(group="osm_rovim.plugins", name="rovim_l2sces"))
    else:  # Python before 3.10
        group = [e for e in found.get("osm_rovim.plugins", ()) if e.name == "rovim_l2sces"]
    return group[0].load()


def describe(kind):
    """Tell which base class it is, and where the connector differs from it."""
    missing, differs = [], []
    for name, base in inspect.getmembers(vimconn.VimConnector, inspect.isfunction):
        own = getattr(kind, name)
        if name.startswith("_") and name != "__init__":
            continue
        if own is base:
            missing.append(name)
            continue
        asked = inspect.signature(base).parameters
        try:
            bound = inspect.signature(own).bind(**{p: None for p in asked})
        except TypeError:  # one that takes anything has no names
            bound = inspect.signature(own).bind(*asked)
        if len(bound.arguments) == 0:
            differs.append(name)
    double = getattr(vimconn, "DOUBLE", False)
    return {"double": double, "file": vimconn.__file__, "missing": missing, "differs": differs}


def answer(work):
    """Carry something out and say what came of it."""
    try:
        return {"result": work()}
    except vimconn.VimConnException as e:
        return {"error": type(e).__name__, "code": e.http_code, "text": str(e)}
    except Exception as e:  # RO does not expect it, so that a test must see it
        return {"error": "not RO's: " + type(e).__name__, "code": 0, "text": str(e)}


def main(argv):
    kind, made = load(), {}
    account = json.loads(argv[1])

    def call(method, arguments):
        if method == "describe":
            return describe(kind)
        if method == "account":  # the calls that follow use another one
            made.clear()
            account.update(arguments)
            return None
        if "vim" not in made:
            made["vim"] = kind(**account)
        return getattr(made["vim"], method)(**arguments)

    if len(argv) > 2:
        out = answer(lambda: call(argv[2], json.loads(argv[3] if len(argv) > 3 else "{}")))
        print(json.dumps(out))
        return "error" in out
    for line in sys.stdin:
        order = json.loads(line)
        out = answer(lambda: call(order["method"], order.get("arguments", {})))
        print(json.dumps(out), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))

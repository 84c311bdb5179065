#!/usr/bin/env python3
"""How full this machine's file systems are, as JSON lines."""
import json
import shutil
import sys


def fetch(config):
    for mount in config.get("mounts", ["/"]):
        usage = shutil.disk_usage(mount)
        yield {"mount": mount, "percent": round(100 * usage.used / usage.total, 1), "free_gb": round(usage.free / 2**30, 1)}


config = json.loads(sys.stdin.readline() or "{}")  # the first line of input is the configuration
while True:
    for item in fetch(config):
        print(json.dumps(item), flush=True)  # flush: a pipe is not a terminal
    if not sys.stdin.readline():  # an empty line asks for more, the end of input to stop
        break

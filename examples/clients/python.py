#!/usr/bin/env python3
"""Follows a tickertape stream and prints each event as "EVENT DATA".

    python3 python.py 'http://localhost:8080/latest?type=news,stock'
"""
import http.client
import random
import sys
import time
import urllib.error
import urllib.request

QUIET = 40  # seconds without a byte, where a heartbeat comes each 15 s: the connection is dead


def blocks(lines):
    """Yields the fields of each complete block; one that is cut short is void."""
    fields = {}
    for line in lines:
        line = line.decode().rstrip("\r\n")
        if not line:
            if fields:
                yield fields
            fields = {}
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data" and "data" in fields:
            value = fields["data"] + "\n" + value
        fields[name] = value


def handle(event, data):
    """Where yours begins. On "stream" with "reset", forget what you hold."""
    print(event, data, flush=True)


def main(url):
    last, retry, failures = "", 2.0, 0
    while True:
        request = urllib.request.Request(url, headers={"Accept": "text/event-stream"})
        if last:
            request.add_header("Last-Event-ID", last)
        try:
            with urllib.request.urlopen(request, timeout=QUIET) as stream:
                if stream.status == 204:
                    return  # the topics are over
                for fields in blocks(stream):
                    failures = 0
                    handle(fields.get("event", "message"), fields.get("data", ""))
                    last = fields.get("id", last)  # only once it is handled
                    if fields.get("retry", "").isdigit():
                        retry = int(fields["retry"]) / 1000
        except urllib.error.HTTPError as err:
            if err.code < 500:
                sys.exit(err.read().decode())  # the request can never work
            failures += 1
        except (OSError, http.client.HTTPException):
            failures += 1
        time.sleep(min(retry * 2 ** min(max(failures - 1, 0), 5), 60) * random.uniform(1, 1.25))


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        pass

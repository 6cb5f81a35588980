# SPDX-License-Identifier: GPL-3.0-or-later
"""Says on stderr what pip would fetch, with sizes, from the report of a dry run; prints "cuda" or "cpu"."""
import json
import os
import re
import ssl
import sys
import urllib.parse
import urllib.request


def size_of(url):
    """Bytes, or None if nobody says."""
    parts = urllib.parse.urlparse(url)
    try:
        if parts.scheme == "file":
            return os.path.getsize(urllib.request.url2pathname(parts.path))
        context = ssl.create_default_context(cafile=os.environ.get("PIP_CERT"))
        request = urllib.request.Request(url, method="HEAD")
        with urllib.request.urlopen(request, timeout=15, context=context) as answer:
            return int(answer.headers["Content-Length"])
    except (OSError, TypeError, ValueError):
        return None


def text_of(size):
    if size is None:
        return "size unknown"
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)["install"]
    total, unknown, cuda = 0, 0, False
    for item in plan:
        name, version = item["metadata"]["name"], item["metadata"]["version"]
        cuda = cuda or bool(re.match(r"(nvidia|cuda|triton)([-_]|$)", name)) or "+cu" in version
        size = size_of(item["download_info"]["url"])
        total += size or 0
        unknown += size is None
        print(f"    {name} {version}: {text_of(size)}", file=sys.stderr)
    more = f", and {unknown} of unknown size" if unknown else ""
    print(f"    together {text_of(total)}{more}", file=sys.stderr)
    print("cuda" if cuda else "cpu")


if __name__ == "__main__":
    main()

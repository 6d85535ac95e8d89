"""The person at the browser, scripted: opens the sign-in page it is given and follows it back to the waiting client.

Run as a program with one URL. Follows a redirect, or posts the form that Azure CLI asks for. Standard library only: any Python runs it.
"""

import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from html import unescape


def send(url: str, body: bytes | None = None) -> str:
    """What the address answers. A client that opens the browser before it listens itself is waited for, ten seconds at most."""
    last = time.monotonic() + 10
    while True:
        try:
            return urllib.request.urlopen(url, body, timeout=20).read().decode()
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError:
            if time.monotonic() > last:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    page = send(sys.argv[1])
    form = re.search(r'<form method="post" action="([^"]+)">(.*)</form>', page)
    if form:
        fields = re.findall(r'name="([^"]+)" value="([^"]*)"', form[2])
        body = urllib.parse.urlencode({name: unescape(value) for name, value in fields}).encode()
        send(unescape(form[1]), body)

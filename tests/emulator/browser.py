"""The person at the browser, scripted: opens the sign-in page it is given and follows it back to the waiting client.

Run as a program with one URL. Follows a redirect, or posts the form that Azure CLI asks for. Standard library only: any Python runs it.
"""

import re
import sys
import urllib.parse
import urllib.request
from html import unescape

if __name__ == "__main__":
    page = urllib.request.urlopen(sys.argv[1], timeout=20).read().decode()
    form = re.search(r'<form method="post" action="([^"]+)">(.*)</form>', page)
    if form:
        fields = re.findall(r'name="([^"]+)" value="([^"]*)"', form[2])
        body = urllib.parse.urlencode({name: unescape(value) for name, value in fields}).encode()
        urllib.request.urlopen(unescape(form[1]), body, timeout=20).read()

"""Check Azure Lighthouse offers against what Azure takes, before a customer sees them.

    python check-offer.pyz FILE [PARAMETERS]      (or in the repository: make check-offer FILE=...)

FILE is an ARM template as JSON. Its parameters file x.parameters.json beside x.json is found
automatically. Prints every finding as `file: $.path: found -> write`. Exit status: 0 Azure takes it,
1 it does not, 2 look at what is named: it was not judged, or is a warning.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  before any import that such a Python cannot read
    sys.exit("Python 3.11 or newer is needed; this is %d.%d. Try: python3.12" % sys.version_info[:2])  # noqa: UP031

from offer_report import main

if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(main(sys.argv[1:], __doc__))

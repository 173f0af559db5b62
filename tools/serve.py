"""Serve a folder on 127.0.0.1 and open it in the browser: `python tools/serve.py _build/html`."""

import contextlib
import sys
import webbrowser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

handler = partial(SimpleHTTPRequestHandler, directory=sys.argv[1])
with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:  # port 0: any that is free
    address = f"http://127.0.0.1:{server.server_port}/"
    print(f"{address}  (Ctrl-C stops it)", flush=True)
    webbrowser.open(address)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()

"""The simulated phone network: the Janus protocol in front, callees behind.

`serve(ExchangeOptions(data_dir=…))` runs one until cancelled.
"""

from campanile.rehearsal.exchange.options import ExchangeOptions
from campanile.rehearsal.exchange.server import serve

__all__ = ["ExchangeOptions", "serve"]

"""campanile: a self-hosted campaign dialer."""

__version__ = "0.1.0"

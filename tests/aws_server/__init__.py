"""An AWS of our own for tests: moto's HTTP server behind a proxy that logs every call, and that can refuse any."""

"""The walls of both sandboxes: namespaces, limits, the proxy, the container, the watch over all."""

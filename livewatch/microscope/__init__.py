"""The one room where Micro-Manager's core is driven."""

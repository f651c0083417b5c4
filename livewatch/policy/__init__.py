"""What to image next, and why: rounds, rates, framing, priorities and light. Pure."""

"""From source to events: names, layers, values, flow, and the facts of other files."""

"""What tensors, arrays and lists of numbers become, an operation at a time; a room a topic."""

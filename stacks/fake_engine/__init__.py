"""A stand-in for the Pulumi engine: runs the program and hands back what it registers, as JSON."""

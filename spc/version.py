"""The version of the program, which every model carries."""

VERSION = "0.1.0"

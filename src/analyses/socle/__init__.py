"""The ground: paths, errors, money, French formats, files. Imports nothing of ours."""

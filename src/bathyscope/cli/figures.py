"""Drawing in a process of its own: matplotlib without the manual that it writes of itself."""


def import_matplotlib() -> None:
    """Import what draws, before anything else does.

    For each of its hundred classes matplotlib reads the documentation of all that can be set and
    puts it together, for whoever asks for help: a quarter of the time that its import takes.
    """
    import matplotlib.artist as artist

    given = artist.kwdoc
    artist.kwdoc = lambda artist: ""
    try:
        import matplotlib.backends.backend_agg
        import matplotlib.figure  # noqa: F401
    finally:
        artist.kwdoc = given

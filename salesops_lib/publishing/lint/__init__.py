"""The linter: scores a report on fifty points and names the elements that fail.

``gates`` is what publishing asks, ``score`` what ``salesops lint`` prints,
``browser`` what a browser has to decide, ``points`` the list of all of them.
"""

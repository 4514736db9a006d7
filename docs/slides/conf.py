"""What Sphinx does with the decks that `course slides` writes. Nothing is loaded from outside."""

project = "Eight articles, executed and judged"
author = "the course"
language = "en"

extensions = ["myst_parser", "sphinx-mathjax-offline", "sphinx_revealjs"]
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
myst_dmath_double_inline = True

revealjs_style_theme = "white"
revealjs_static_path = ["_static"]
revealjs_css_files = ["deck.css"]
revealjs_script_conf = {"width": 1280, "height": 720, "margin": 0.04, "hash": True, "slideNumber": "c/t"}
revealjs_script_conf["center"] = False
revealjs_script_plugins = [{"name": "RevealNotes", "src": "revealjs/plugin/notes/notes.js"}]

"""What Sphinx does with the pages that `course book` writes. Nothing is loaded from outside."""

import os

project = "Eight articles, executed and judged"
author = "the course"
project_copyright = "text and figures CC BY 4.0, code MIT"
language = "en"

extensions = ["myst_nb", "sphinx-mathjax-offline", "sphinxcontrib.bibtex"]
bibtex_bibfiles = ["references.bib"]
nb_execution_mode = "off"  # the stored outputs are what the claims judged
nb_render_markdown_format = "myst"  # formulas in outputs too
nb_mime_priority_overrides = [("html", "application/vnd.scientific-spaces-course.claims+json", None)]
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
myst_enable_extensions = ["amsmath", "attrs_block", "colon_fence", "dollarmath", "html_image"]
myst_dmath_double_inline = True
myst_heading_anchors = 3

linkcheck_ignore = [r"https://doi\.org/"]  # publishers refuse programs, not readers

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_js_files = [("course.js", {"defer": "defer"})]
html_extra_path = ["extra"]
html_show_sourcelink = False
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_theme_options = {
    "show_toc_level": 2,
    "use_download_button": True,
    "use_fullscreen_button": False,
    "navbar_persistent": [],  # one search button is enough, that of the sidebar
    "article_header_start": ["toggle-primary-sidebar.html"],
}
if repository := os.environ.get("COURSE_REPOSITORY"):  # where the site is published; then Binder can be asked to run it
    html_theme_options |= {
        "repository_url": repository,
        "repository_branch": os.environ.get("COURSE_BRANCH", "main"),  # what .github/workflows/pages.yml publishes
        "path_to_docs": "notebooks",
        "use_repository_button": True,
        "launch_buttons": {"binderhub_url": "https://mybinder.org", "notebook_interface": "jupyterlab"},
    }

"""The mathematics of eight *Scientific Spaces* articles, one module per notebook."""

"""Content that may not be here: taken away wherever it is shown, and refused from then on."""

"""The schema's history; inside the package so that a wheel can migrate too."""

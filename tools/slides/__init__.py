"""Slides for each chapter, made from its executed notebook: `make slides`.

The order of reading: rule.py (from a page to slides), parts.py (what of a section is shown),
layout.py (what shares a slide), write.py (files).
"""

"""`domo-insights bench`: a scratch database of any size, and what it costs to ask it.

Above both front ends, which do not know it: it runs the pages as the dashboard does.
"""

"""Domo Insights: analytics for AI video demos, over the platform's Supabase database."""

__version__ = "0.1.0"

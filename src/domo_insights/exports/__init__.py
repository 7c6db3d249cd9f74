"""What leaves the dashboard: answers, transcripts, and summaries that print well."""

"""The application: configs, jobs, plans."""

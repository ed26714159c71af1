"""Archives: many scenes embedded by many processes, and searched as one."""

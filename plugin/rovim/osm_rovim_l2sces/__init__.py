"""VIM accounts of type l2sces for OSM's resource orchestrator (RO)."""

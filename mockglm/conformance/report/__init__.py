"""The report of a run, for people and for machines; every form is made of one document."""

"""What a run found, told to people and to machines; every form is made of one document."""

__all__: list[str] = []

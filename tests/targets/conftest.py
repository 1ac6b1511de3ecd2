"""The owners' database for these tests too."""

from tests.owners.conftest import owners, owners_copied_from, owners_template, variant

__all__ = ["owners", "owners_copied_from", "owners_template", "variant"]

"""The database's schema, revision by revision; a package, so that an installed service can upgrade itself."""

"""Archives of files: zip and tar, read member by member as a stream; nothing is unpacked."""

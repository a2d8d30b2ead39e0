"""A text in chunks for retrieval, each with its true place in the file: linear time, constant memory."""

"""What each analysis says in a terminal, as lines of text: one module a command, `lines(result, width)`."""

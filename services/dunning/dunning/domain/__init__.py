"""What dunning decides, pure: strategies, sending times, terms, balances, the gate, and the text of each notice."""

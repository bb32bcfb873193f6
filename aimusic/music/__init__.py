"""What music is: pure values, shared by every stage."""

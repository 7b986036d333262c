"""Terms by the thousand in texts."""

"""How well knowledge answers: replays of what visitors asked, question sets and their runs."""

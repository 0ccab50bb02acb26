outcome-answered = answered
outcome-abandoned = abandoned
outcome-left-in-dialplan = left in the menu
outcome-ended-by-us = ended by the menu
outcome-refused = refused
outcome-ended-unseen = ended unseen
outcome-open = in progress

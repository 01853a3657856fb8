"""Understand: segmentation, topics, dissatisfaction, urgency, places, the same problem."""

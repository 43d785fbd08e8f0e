"""What takes place under the plan: consultations, ministerial meetings, seminars, trainings, visits."""

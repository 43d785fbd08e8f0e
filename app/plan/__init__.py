"""The Work Plan as one text: preamble, dates, areas, goals, activities, and the editors' notes beside them."""

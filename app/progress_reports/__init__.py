"""Progress reports: what a country or body tells one Consultation about the activities, from open to frozen."""

"""The status of implementation as it is put before a Consultation: live while it is prepared, frozen for ever after."""

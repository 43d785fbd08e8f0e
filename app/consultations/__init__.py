"""The ASLOM-Japan Consultations, to which the status of implementation is reported."""

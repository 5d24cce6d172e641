"""The deployment of deploy/compose, brought up in an engine and tried from outside and inside."""

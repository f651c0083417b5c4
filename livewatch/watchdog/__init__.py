"""The watchdog: notices what is wrong with a session, and tells those who should know."""

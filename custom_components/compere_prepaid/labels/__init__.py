"""Labels for meters: a code that opens the tenants' page, and the number to type instead."""

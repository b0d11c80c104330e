"""An RS485 line with its meters and gateways, in a process of its own: what the bus is measured on.

It knows nothing of the product and of no Modbus library: its frames are its own. Bytes take the time
that their baud rate gives them; meters think; whoever speaks too early after the last byte is
counted, or not heard; whoever speaks while another does spoils both.
"""

"""RS485 lines with meters and gateways, in a process of their own: what the bus is measured on.

They know nothing of the product and of no Modbus library: their frames are their own. Bytes take
the time that their baud rate gives them; meters think; whoever speaks too early after the last byte
is counted, or not heard; whoever speaks while another does spoils both.
"""

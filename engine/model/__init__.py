"""What crosses a room: frozen structs and enums, no behaviour beyond their own."""

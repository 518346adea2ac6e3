"""What turns notebooks into published reports."""

"""From a journal to what people read: plain data first (`view`), then one HTML file (`render`) and a few lines (`summary`)."""

"""Messages against two codecs that others wrote: what one writes the other reads, byte for byte."""

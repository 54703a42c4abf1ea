"""Test neural networks on microcontrollers with pytest."""

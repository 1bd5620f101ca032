"""Tests of the network, mostly over real sockets of the loopback interface."""

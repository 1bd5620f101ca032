"""Tests of share groups, over both coordinators; `sharing` has members and coordinators."""

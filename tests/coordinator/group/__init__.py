"""Tests of groups: members that speak to a coordinator in messages; `actors` has them."""

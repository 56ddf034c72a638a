package rongcloud

// Build is New with another contract: a mutant for the tests of the tests.
var Build = build

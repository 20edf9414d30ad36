// Package local gives a bare machine what the platform needs when nothing is configured: one owner for the data directory,
// its secrets, and private servers that live and end with the platform.
package local
